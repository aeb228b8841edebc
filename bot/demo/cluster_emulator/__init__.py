"""A Kubernetes cluster in one process: the REST API, the controllers behind it, and incidents told as data."""

from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.emulator import ClusterEmulator
from bot.demo.cluster_emulator.scenarios import Scenario, ScenarioError, load_scenario, scenario_names

__all__ = ["ClusterEmulator", "Scenario", "ScenarioError", "VirtualClock", "load_scenario", "scenario_names"]
