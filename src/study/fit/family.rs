//! A small family of structures that `fit` tries by itself: the model as written, and what real systems have beside
//! it and models leave out. Each is the text of the model with some lines more, so that the one that is taken can be
//! written down.

use super::free::matching;
use crate::account::Kind;
use crate::answers::bounds::analyse;
use crate::model::system::{Op, PoolId};
use crate::model::{Document, Model, Override};

/// A model with something more.
#[derive(Debug)]
pub struct Member {
    /// What it has more, in words.
    pub name: String,
    /// The model.
    pub document: Document,
    /// What is free in it beside what the user freed, as `--free` has it.
    pub free: Vec<String>,
}

/// The members of the family that a model may have beside itself, the simplest first: a setup of what has been idle, a
/// warm-up of the bottleneck, connections that keep their worker, and stations that share the cores of one host with the
/// load generator. What the model has already, or has no place for, is left out.
///
/// # Errors
/// If the model is invalid.
pub fn family(document: &Document, base: &[Override]) -> Result<Vec<Member>, String> {
    let model = document.check(base).map_err(|e| e.brief())?.model;
    let all = [
        setup(document, &model),
        warm_up(document, &model),
        keep_alive(document, &model),
        shared_host(document, &model),
    ];
    let sound = |member: &Member| member.document.check(base).is_ok();
    Ok(all.into_iter().flatten().filter(sound).collect())
}

/// What comes to a host, or to a station without one, takes longer the longer that has been idle.
fn setup(document: &Document, model: &Model) -> Option<Member> {
    let stations = model.stations.iter();
    let mut setups = stations.clone().map(|station| station.by_number.setup);
    let mut of_hosts = model.hosts.iter().map(|host| host.setup);
    if setups.any(|setup| setup.is_some()) || of_hosts.any(|setup| setup.is_some()) {
        return None;
    }
    let hosts = model.hosts.iter().map(|host| ("hosts", host.name.as_str()));
    let alone = stations.filter(|station| station.host.is_none());
    let alone = alone.map(|station| ("stations", station.name.as_str()));
    let places: Vec<String> = hosts
        .chain(alone)
        .map(|(table, name)| Some(format!("{table}.{}", key(name)?)))
        .collect::<Option<_>>()?;
    let mut text = document.text().to_owned();
    for place in &places {
        let line = "setup = { time = \"200us\", half_after = \"5ms\" }";
        text = below_head(&text, place, line)?;
    }
    let of = |what: &str| {
        let all: Vec<String> = places.iter().map(|p| format!("{p}.setup.{what}")).collect();
        all.join(",")
    };
    let free = vec![
        format!("{}=10us..2ms", of("time")),
        format!("{}=0.3ms..50ms", of("half_after")),
    ];
    let name = "with a setup after idle times".to_owned();
    (!places.is_empty()).then(|| member(document, name, &text, free))?
}

/// The bottleneck is slower in the first seconds of the load.
fn warm_up(document: &Document, model: &Model) -> Option<Member> {
    let one = analyse(model).into_iter().next()?;
    let (table, name) = one.demands.iter().find_map(|demand| match demand.kind {
        Kind::Station(at) => Some(("stations", model.stations[at].name.as_str())),
        Kind::Pool(at) => Some(("pools", model.pools[at].name.as_str())),
        _ => None,
    })?;
    let place = format!("{table}.{}", key(name)?);
    if matching(&format!("{place}.warm_up.**"), document).is_ok() {
        return None;
    }
    let text = format!(
        "{}\n[{place}.warm_up]\nlasts = \"10s\"\nfrom = 0.9\nsince = \"load\"\n",
        document.text().trim_end()
    );
    let free = [
        format!("{place}.warm_up.lasts=2s..40s"),
        format!("{place}.warm_up.from=0.5..0.995"),
    ];
    member(
        document,
        format!("with a warm-up of {name}"),
        &text,
        free.into(),
    )
}

/// Who has been answered keeps the worker for a while: the first pool that requests take.
fn keep_alive(document: &Document, model: &Model) -> Option<Member> {
    let first = |ops: &[Op]| {
        ops.iter().find_map(|op| match op {
            Op::Acquire { pool } => Some(*pool),
            _ => None,
        })
    };
    let sites = model.sites.iter();
    let mut firsts = sites.map(|site| first(model.endpoints[site.endpoint.index()].own_ops()));
    let pool: PoolId = firsts.next()??;
    if firsts.any(|other| other != Some(pool)) {
        return None;
    }
    let spec = &model.pools[pool.index()];
    if spec.keep_alive.is_some() {
        return None;
    }
    let place = format!("pools.{}", key(&spec.name)?);
    let text = below_head(document.text(), &place, "keep_alive = \"20ms\"")?;
    let free = vec![format!("{place}.keep_alive=1ms..1s")];
    let name = format!("with connections that keep their token of {}", spec.name);
    member(document, name, &text, free)
}

/// All stations share the cores of one host, on which the load generator runs, too.
fn shared_host(document: &Document, model: &Model) -> Option<Member> {
    if !model.hosts.is_empty() || model.stations.is_empty() || !model.services.is_empty() {
        return None;
    }
    let mut text = document.text().to_owned();
    for station in &model.stations {
        let place = format!("stations.{}", key(&station.name)?);
        text = below_head(&text, &place, "on = \"shared\"")?;
    }
    let text = format!(
        "{}\n\n[hosts.shared]\ncores = 2.0\nload_generator = \"0.2ms\"\n",
        text.trim_end()
    );
    let free = vec![
        "hosts.shared.cores=0.5..16".to_owned(),
        "hosts.shared.load_generator=20us..2ms".to_owned(),
    ];
    let name = "with stations and load generator on one host".to_owned();
    member(document, name, &text, free)
}

fn member(document: &Document, name: String, text: &str, free: Vec<String>) -> Option<Member> {
    let document = document.with_text(text).ok()?;
    Some(Member {
        name,
        document,
        free,
    })
}

/// A name as a key, if it needs no quotes.
fn key(name: &str) -> Option<&str> {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (!name.is_empty() && name.chars().all(bare)).then_some(name)
}

/// The text with a line more below the head of a table; none where the table has no head of its own.
fn below_head(text: &str, table: &str, line: &str) -> Option<String> {
    let is_head = |written: &str| {
        let head = written.split('#').next().unwrap_or("").trim();
        head.strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .map(str::trim)
            == Some(table)
    };
    let at = text.lines().position(is_head)?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(at + 1, line);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "[scenarios.a]\nexecutor = \"constant-vus\"\nvus = 9\nduration = \"9s\"\njourney = \"j\"\n\
                         [journeys]\nj = [{ request = \"e\" }, { sleep = \"1s\" }]\n\
                         [pools.threads] # of the server\nsize = 40\n[stations.cpu]\nservers = 4\n\
                         [endpoints.e]\nhold = \"threads\"\nvisits = [{ station = \"cpu\", time = \"5ms\" }]\n";

    #[test]
    fn a_model_has_what_it_lacks() {
        let document = Document::from_text("m.toml", MODEL).expect("sound");
        let all = family(&document, &[]).expect("sound");
        let names: Vec<&str> = all.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "with a setup after idle times",
                "with a warm-up of cpu",
                "with connections that keep their token of threads",
                "with stations and load generator on one host"
            ]
        );
        for member in &all {
            for free in &member.free {
                let parsed = super::super::free::Free::parse(free, &member.document);
                assert!(parsed.is_ok(), "{parsed:?}");
            }
        }
        let host = all[3].document.check(&[]).expect("sound").model;
        assert_eq!((host.hosts[0].cores, host.stations_on(0).count()), (2.0, 2));
        // What is there already is not put there again.
        let names = |member: &Member| -> Vec<String> {
            let all = family(&member.document, &[]).expect("sound");
            all.into_iter().map(|member| member.name).collect()
        };
        assert_eq!(names(&all[0]).len(), 3);
        assert!(names(&all[0]).iter().all(|name| !name.contains("setup")));
        // On a host the setup is the host's.
        let host = &family(&all[3].document, &[]).expect("sound")[0];
        assert_eq!(names(&all[3]).len(), 3);
        let host = host.document.check(&[]).expect("sound").model;
        assert!(host.hosts[0].setup.is_some());
        assert!(host.stations.iter().all(|s| s.by_number.setup.is_none()));
    }

    #[test]
    fn a_model_without_heads_is_left_as_it_is() {
        let text = MODEL.replace(
            "[pools.threads] # of the server\nsize = 40",
            "[pools]\nthreads = { size = 40 }",
        );
        let document = Document::from_text("m.toml", &text).expect("sound");
        let all = family(&document, &[]).expect("sound");
        assert!(all.iter().all(|m| !m.name.contains("threads")));
    }
}
