//! A visit to a station: the service, the class and the patience with which a request waits for it, and what makes it
//! take longer.

use super::station::idle;
use super::visit::Visits;
use super::visit_tables::ACCUMULATED;
use crate::field::Field;
use crate::section::Section;
use crate::system::{Accumulated, Discipline, Growth, Op, Patience, StationId};

impl<'a> Visits<'_, 'a> {
    pub(super) fn serve(&mut self, section: &Section<'a>, station: &Field<'a>) {
        let id = self
            .build
            .stations
            .find(station)
            .map_or(StationId(0), StationId);
        let time = section.optional("time");
        let growth = section.optional("growth").and_then(|f| self.growth(&f));
        let class = section.integer_or_default("class");
        let patience = self.patience(section, id);
        self.no_effect(section, id);
        self.not_stopped(station);
        let Some(time) = time.map(|f| self.build.dist(&f)) else {
            return;
        };
        self.ops.push(Op::Serve {
            station: id,
            time,
            growth,
            class,
            patience,
        });
    }

    /// A service runs on its station's clock, which a pool cannot stop.
    fn not_stopped(&self, station: &Field<'a>) {
        let stops = |op: &Op| match op {
            Op::Release(pool) => {
                let known = self.build.pools_note.get(pool.index());
                known.is_some_and(|p| p.stops)
            }
            _ => false,
        };
        if self.held.iter().any(stops) {
            station.error(
                "a slowdown of the pool that is held here leaves nothing, and a service cannot be stopped by \
                 a pool",
                "leave something, such as leaves = 0.05, or give the station the slowdown",
            );
        }
    }

    /// How long the request waits: as the visit says, or as the station's controlled delay does.
    fn patience(&mut self, section: &Section<'a>, station: StationId) -> Option<Patience> {
        let controlled = self.build.controlled.get(station.index()) == Some(&true);
        let field = section.optional("patience");
        if let (Some(field), true) = (&field, controlled) {
            let message = "the station's `codel` says how long requests wait";
            field.error(message, "remove `patience`, or the station's `codel`");
        }
        let drawn = field.map(|f| Patience::Drawn(self.build.dist(&f)));
        drawn.or(controlled.then_some(Patience::Controlled))
    }

    /// Warns of a class or a patience that the station pays no attention to.
    fn no_effect(&self, section: &Section<'a>, station: StationId) {
        let Some(&(discipline, servers)) = self.build.services.get(station.index()) else {
            return;
        };
        if discipline != Discipline::Priority {
            let why = "the station's discipline is not \"priority\"";
            idle(section, "class", why);
        }
        if discipline == Discipline::ProcessorSharing {
            let why = "under processor sharing all are served at once, and nobody waits";
            idle(section, "patience", why);
        } else if servers == u32::MAX {
            idle(
                section,
                "patience",
                "nobody waits where servers are infinite",
            );
        }
    }

    fn growth(&self, field: &Field<'a>) -> Option<Growth> {
        let section = field.section()?;
        let with = section.optional("with");
        let with = with.and_then(|f| Some((f.choice(&ACCUMULATED)?, f)));
        let per_thousand = section.real("per_thousand");
        let (with, with_field) = with?;
        if matches!(with, Accumulated::Sales | Accumulated::Claims) {
            self.build.needs_inventory(&with_field);
        }
        Some(Growth {
            with,
            per_unit: per_thousand? / 1000.0,
            pace: None,
        })
    }
}
