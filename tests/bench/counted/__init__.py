"""One world in one process, in which every call of AWS is counted: `task_price` runs it.

The real handlers of the functions and a real ant speak to an emulator of AWS. What AWS itself does
between them is played: the gateway (`gateway`), and the pollers of queue and stream (`pollers`).
"""
