"""The nodes' side: what images are like, how containers live, are probed, die and are started again."""
