// Renders cases with Go's own text/template, one JSON object a line:
//
//	go run main.go < cases.jsonl > results.jsonl
//
// A case is {"text": TEMPLATE, "data": JSON AS TEXT}; the result adds "output" (or "output_hex", when
// it is no UTF-8), and for a fault "fault" (parse or exec) with its "line".
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"text/template"
	"unicode/utf8"
)

type result struct {
	Text      string `json:"text"`
	Data      string `json:"data"`
	Output    string `json:"output"`
	OutputHex string `json:"output_hex,omitempty"`
	Fault     string `json:"fault,omitempty"`
	Line      int    `json:"line,omitempty"`
	Said      string `json:"said,omitempty"`
}

var place = regexp.MustCompile(`^template: whole:(\d+)`)

func fail(kind string, err error, r *result) {
	r.Fault, r.Said = kind, err.Error()
	if found := place.FindStringSubmatch(r.Said); found != nil {
		r.Line, _ = strconv.Atoi(found[1])
	}
}

func render(r *result) {
	var data interface{}
	if err := json.Unmarshal([]byte(r.Data), &data); err != nil {
		fail("data", err, r)
		return
	}
	parsed, err := template.New("whole").Parse(r.Text)
	if err != nil {
		fail("parse", err, r)
		return
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		fail("exec", err, r)
	}
	if utf8.Valid(out.Bytes()) {
		r.Output = out.String()
	} else {
		r.OutputHex = hex.EncodeToString(out.Bytes())
	}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 1<<20), 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var r result
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		r.Said = ""
		render(&r)
		if err := encoder.Encode(&r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
