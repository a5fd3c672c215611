"""The practice gateway: a second, independent reading of the public facts about the BHYT reception gateway."""

from adapter.simulator.app import create_app
from adapter.simulator.config import SimFacility, SimulatorConfig
from adapter.simulator.faults import Fault, FaultPlan, FaultRule
from adapter.simulator.server import running, serve

__all__ = ["Fault", "FaultPlan", "FaultRule", "SimFacility", "SimulatorConfig", "create_app", "running", "serve"]
