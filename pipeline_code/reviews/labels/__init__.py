"""How consistent the labels are, how good people are at the task, and which labels to look at again."""
