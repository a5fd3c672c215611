"""The parts every service needs, put together once."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.clock import Clock
from adapter.simulator.accounts import Accounts
from adapter.simulator.cards import CardRegister
from adapter.simulator.config import SimulatorConfig
from adapter.simulator.database import Database
from adapter.simulator.faults import FaultEngine


@dataclass(frozen=True, slots=True)
class Simulator:
    """A practice gateway's state: configuration, memory, accounts, faults."""

    config: SimulatorConfig
    database: Database
    accounts: Accounts
    faults: FaultEngine
    cards: CardRegister

    @classmethod
    def open(cls, config: SimulatorConfig) -> Simulator:
        """Open (or make) the database and register the configured facilities."""
        database = Database(config.database)
        accounts = Accounts(
            database, config.clock, token_seconds=config.token_seconds, bind_address=config.bind_address
        )
        for facility in config.facilities:
            accounts.register(facility)
        cards = CardRegister(database)
        for card in config.cards:
            cards.put(card)
        return cls(config, database, accounts, FaultEngine(config.faults), cards)

    @property
    def clock(self) -> Clock:
        return self.config.clock

    def close(self) -> None:
        self.database.close()
