//! The section `[hosts]`: the cores that stations share, and what the load generator costs there.

use super::dist::DISTRIBUTION;
use super::station::{SETUP, setup};
use super::{Build, Sections, names};
use crate::Model;
use crate::field::Field;
use crate::system::{Host, HostId, Op, Station, StationId};
use crate::vocabulary::tables;

tables! {
    /// Cores that the stations on it share: while more servers are busy than there are cores, all are slower.
    pub(super) static HOST = "hosts.NAME" {
        /// How many servers can work at once at full speed; a fraction is a slower core.
        cores: Number(0.01, 1e6), required("cores = 2");
        /// Core time that the load generator takes for each request, where it runs on this host.
        load_generator: Type(&DISTRIBUTION), otherwise("it runs elsewhere");
        /// Additional time of the first service after nothing was at work on any station of the host: cores that sleep,
        /// caches that are cold.
        setup: Table(&SETUP);
    };
}

/// Reads all of `[hosts]`, in the order of the text.
pub(super) fn read_all<'a>(build: &mut Build<'a>, at: &[(&'a str, Field<'a>)]) -> Vec<Host> {
    let hosts: Vec<Host> = at.iter().map(|(name, f)| host(build, name, f)).collect();
    let mut generators = hosts
        .iter()
        .zip(at)
        .filter(|(h, _)| h.load_generator.is_some());
    if let Some((_, (_, field))) = generators.nth(1) {
        let message = "the load generator runs on one host, and two have `load_generator`";
        build.notes.error(field.at, message, "remove one of them");
    }
    hosts
}

fn host<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>) -> Host {
    let mut host = Host {
        name: name.to_string(),
        cores: 1.0,
        load_generator: None,
        setup: None,
    };
    let Some(section) = field.section() else {
        return host;
    };
    host.cores = section.real("cores").unwrap_or(1.0);
    host.setup = setup(&section);
    host.load_generator = section.optional("load_generator").map(|f| build.dist(&f));
    host
}

/// Lets the load generator work for each request before the system does. It is a station of its own, because it waits
/// for nothing but a core; what endpoints call is not a request of it.
pub(super) fn place_load_generator(build: &Build, model: &mut Model, at: &Sections) {
    let hosts = (0..).map(HostId).zip(&model.hosts).zip(&at.hosts);
    let generators = hosts.filter_map(|((id, host), (_, field))| {
        let time = host.load_generator?;
        Some((id, time, field, format!("load generator on {}", host.name)))
    });
    for (id, time, field, name) in generators.collect::<Vec<_>>() {
        let station = StationId(names::id(model.stations.len(), field, "stations"));
        model.stations.push(Station {
            servers: u32::MAX,
            host: Some(id),
            ..Station::named(name)
        });
        let work = Op::Serve {
            station,
            time,
            growth: None,
            class: 0,
            patience: None,
        };
        for (index, endpoint) in model.endpoints.iter_mut().enumerate() {
            let mut sites = model.sites.iter();
            if endpoint.http.is_some() || sites.any(|site| site.endpoint.index() == index) {
                endpoint.ops.insert(0, work);
                endpoint.generated = true;
            }
        }
    }
    for (index, (name, field)) in at.hosts.iter().enumerate() {
        let twice = |station: &usize| model.stations[*station].by_number.setup.is_some();
        let own = model.stations_on(index).find(twice);
        if let Some(station) = own.filter(|_| model.hosts[index].setup.is_some()) {
            let station = &model.stations[station].name;
            let message = format!(
                "the host `{name}` has a `setup`, and its station `{station}` has one, too"
            );
            build.notes.error(field.at, message, "remove one of them");
        }
        if model.stations_on(index).next().is_none() {
            let message = format!("nothing runs on the host `{name}`");
            let fix = format!("write on = \"{name}\" in the stations that share its cores");
            build.notes.warn(field.at, message, &fix);
        }
    }
}
