"""The past judged once more: a recorded log, labelled cases, a changed catalogue, the feedback of people."""
