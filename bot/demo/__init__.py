"""The stage: emulators that stand in for Slack and the cluster, and the player that shows the product on them."""
