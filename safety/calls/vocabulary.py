"""The words by which an operation of a server is told: those that look, those that change, and what they are about."""

from safety.commands.table import words

# An operation with one of these and none of those below only looks.
READING = words(
    "analyse analyze browse calculate cat check compare convert count current describe detect diagnose"
    " diff discover display download events examine exists explain export fetch find get grep head health"
    " history info inspect lint list log logs lookup ls metrics monitor navigate observe open ping plan"
    " preview print ps query read render retrieve screenshot search select sequentialthinking show"
    " snapshot stat stats status summarize summary tail test think thinking top trace translate tree usage"
    " validate verify version view wait watch who whoami"
)
# Such a word at the beginning says that what follows is looked at: ``get_restart_count``.
PURE = words("describe fetch find get list lookup query read search show view watch")
CHANGING = words(
    "abort ack acknowledge add allocate annotate apply approve assign associate assume attach attachment"
    " autoscale backup bash bind bounce bulk call cancel change clean cleanup clear click close cmd"
    " command comment commit configure connect copy cordon cp create debug decommission decrease delete"
    " deploy deregister destroy detach disable disassociate dispatch drain drop edit enable erase eval"
    " evaluate evict exec execute expose failover fill flush force fork format forward generic grant halt"
    " helm impersonate import increase insert install invoke kill kubectl label launch link login manage"
    " management merge modify mount move mutate nuke patch pause portforward post poweroff promote"
    " provision proxy prune publish purge push put react reapply reboot reconcile recreate recycle"
    " redeploy refresh register release reload remove rename replace reply rerun reset resize restart"
    " restore resume retry revoke rollback rollout rotate run save scale send set shell shutdown silence"
    " snooze spin ssh start stop submit suspend switch sync tag taint teardown terminate terraform"
    " transition trigger truncate type unassign unbind uncordon undeploy undo uninstall unmount unpause"
    " untag untaint update upgrade upload upsert use wipe write"
)
# More words that mend, move or hush. They change too, but after a word that looks they may say what kind of thing is
# looked at (``get_fix_versions``).
STEERING = words(
    "activate adjust amend archive auto ban block boot bootstrap bump bypass compact complete confirm consolidate"
    " converge correct cure cycle deactivate decrypt dedupe defragment degrade demote deprovision discard dismiss"
    " downgrade downscale duplicate eject eliminate empty encrypt enforce engage enroll ensure escalate evacuate"
    " exclude expire extend finalize fix flip free freeze garbage gc handle harden heal hibernate ignore implement init"
    " initialize initiate inject invalidate isolate join kick lock maintain migrate mitigate mutate mute neutralize"
    " nudge offboard offload onboard optimise optimize override overwrite park perform pin poke power prevent process"
    " promote propagate protect quarantine quiesce reallocate rebalance rebind rebuild reclaim reconfigure recover"
    " rectify redirect reduce reindex reinstate remap remediate remedy renew repair repartition replay replicate"
    " reprovision requeue reroute reschedule resolve resurrect retire revert rewrite rid roll sanitise sanitize scrub"
    " seal settle shift shrink shut sign skip slash solve spawn split squash stabilise stabilize steer step strip"
    " subscribe supersede suppress swap sweep tear throttle toggle touch transfer trash treat trim tune unblock unclog"
    " unfreeze unlock unmute unpin unregister unschedule unseal unset unsilence unstick unsubscribe upscale vacuum wake"
    " withdraw yank zap zero"
)
# Of those, what is also the name of a thing.
THINGS = words("archive block boot cycle handle join lock pin power process route seal sign split step treat")
# What may be resolved without settling anything.
REFERENCES = words(
    "address alias dns domain host hostname id ids library link name names path ref reference symbol url uri version"
)
# After one of these comes another verb, or another thing that is looked at.
CONJUNCTIONS = words("and or then plus also with before after n")
# What things are called that are looked at beside others; whatever ends in s counts as well.
OBJECTS = words(
    "all cluster container context cronjob data deployment detail image ingress job labels namespace network node page"
    " pod policy probe quota range rbac replica resource role secret service state storage timeline timestamp volume"
    " without workload annotation label"
)
# Where the rest of a name only says which ones.
QUALIFIERS = words("by for from in of on per at to since")
# Reading words that are things themselves.
SHOWN = words(
    "count current events exists health history info logs log metrics plan stat stats status summary test tail think"
    " thinking trace tree usage version whoami"
)
# Changing words that a look may be about.
NOUNS = words(
    "attachment autoscale backup call change cleanup command comment commit deploy fork import label link"
    " management merge page patch post proxy release restart rollout run scale set sets silence start stop"
    " switch sync tag upgrade use"
)
# These change or look, as what is asked of them says.
AS_TOLD = words("call command configure generic helm manage management rollout use")
# Things that people leave for people; to write one changes no cluster.
NOTES = words(
    "request pr branch alert alerts canvas comment comments doc document draft email entities entity incident incidents"
    " issue issues mail memory message messages note notes observation observations page postmortem"
    " reaction relation relations reminder report review thread ticket tickets timeline todo todos worklog"
)
NOTING = words("add append assign comment create edit link post react reply save send transition update write")
QUERIES = words("queries query sql statement")
# Where a text that looks like a statement is only searched for.
SEARCHES = words("code docs events issue issues log logs metrics search traces")
# What says that what a tool runs does not run here.
AWAY = words("host hostname instance machine node remote server ssh target")
SETS = frozenset((each, noun) for each in ("stateful", "daemon", "replica", "change") for noun in ("set", "sets"))
