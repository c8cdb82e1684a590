//! Steps that send requests: `request`, `poll`, `retry`.

use super::about::expected;
use super::program::Program;
use super::step_tables::{OTHERWISE, SEAT_EXAMPLE, SEATS, UNTIL};
use super::steps::{body, checks, give_up, needs_waiting_room, turns};
use super::{Build, Effect, names, retry, scenario};
use crate::engine::Span;
use crate::field::Field;
use crate::journey::{Condition, Expected, SeatChoice, Site, SiteId, Step};
use crate::section::Section;
use crate::system::EndpointId;

/// k6's default timeout of a request.
const TIMEOUT: Span = Span::secs(60);

/// What `else` says: whether the iteration ends.
pub(super) fn otherwise_ends(section: &Section) -> bool {
    section.choice("else", &OTHERWISE) == Some(true)
}

/// Reads what a request step and a poll share, and makes a site of it.
fn site<'a>(
    program: &mut Program<'_, 'a>,
    section: &Section<'a>,
    endpoint: &Field<'a>,
    pick: Option<SeatChoice>,
) -> SiteId {
    let id = program
        .build
        .endpoints
        .find(endpoint)
        .map_or(EndpointId(0), EndpointId);
    let name = section.text("name").or(endpoint.text_if_any());
    let timeout = section.time("timeout");
    let tags = section
        .optional("tags")
        .map(|f| scenario::tags(&f))
        .unwrap_or_default();
    let expected = Expected::of(expected(section.optional("expected")));
    let group = program.group();
    let site = SiteId(names::id(program.build.sites.len(), endpoint, "requests"));
    let name = name.unwrap_or_default().to_string();
    program.build.sites.push(Site {
        endpoint: id,
        name,
        tags,
        timeout: TIMEOUT,
        expected,
        pick,
        group,
    });
    program.build.site_notes.push((endpoint.at, timeout));
    site
}

/// A site that sends a request of an endpoint, and nothing beside it; `at` is where the model asks for it.
pub(super) fn plain_site(build: &mut Build, at: &Field, endpoint: EndpointId) -> SiteId {
    let site = SiteId(names::id(build.sites.len(), at, "requests"));
    let name = build.endpoints.all().get(endpoint.index());
    build.sites.push(Site {
        endpoint,
        name: name.cloned().unwrap_or_default(),
        tags: Vec::new(),
        timeout: TIMEOUT,
        expected: Expected::default(),
        pick: None,
        group: String::new(),
    });
    build.site_notes.push((at.at, None));
    site
}

/// Notes that a request does this, in case the visits of its endpoint do not say when.
fn implies(program: &mut Program, site: SiteId, effect: Effect, field: &Field) {
    let endpoint = program
        .build
        .sites
        .get(site.index())
        .map(|site| site.endpoint);
    if let Some(endpoint) = endpoint {
        let effects = program.build.implied.entry(endpoint).or_default();
        effects.entry(effect).or_insert(field.at);
    }
}

/// `{ request = "endpoint", … }`
pub(super) fn request<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, at: &Field<'a>) {
    let once = section.optional("once_per").and_then(|f| f.word());
    let pick = section.optional("pick");
    let choice = pick.as_ref().and_then(|f| seat_choice(f));
    let skip = once.map(|_| program.jump_if(Condition::UserHasToken));
    let site = site(program, section, at, choice);
    let effects = [
        ("pick", Effect::List),
        ("claim", Effect::Claim),
        ("confirm", Effect::Confirm),
        ("release", Effect::Release),
    ];
    for (key, effect) in effects {
        let Some(field) = section.optional(key) else {
            continue;
        };
        if effect == Effect::List || field.word().is_some() {
            program.build.needs_inventory(&field);
            implies(program, site, effect, &field);
        }
    }
    let policy = section.optional("retry");
    let policy = policy.and_then(|f| retry::used(program.build, &f));
    if let Some(policy) = policy {
        if retry::hedges(program.build, policy) {
            program.build.hedged_sites.push((site, policy));
        }
        program.push(Step::RetryBegin(policy));
    }
    program.push(Step::Request(site));
    if let Some(policy) = policy {
        program.push(Step::Retry(policy));
    }
    if let Some(list) = section.optional("checks") {
        checks(program, &list);
    }
    // Nothing to pick is not a success either; a request that lists nothing keeps to its status.
    let fails = if choice.is_some() {
        Condition::Unsuccessful
    } else {
        Condition::Failed
    };
    if otherwise_ends(section) {
        program.end_if(fails);
    } else {
        program.fail_attempt_if(fails);
    }
    if let Some(skip) = skip {
        program.land(skip);
    }
}

fn seat_choice(field: &Field) -> Option<SeatChoice> {
    if let Some(text) = field.text_if_any() {
        if text == "seat" {
            return Some(SeatChoice::Uniform);
        }
        field.error(format!("a request cannot pick `{text}`"), SEAT_EXAMPLE);
        return None;
    }
    let seat = field.section()?.optional("seat")?;
    if seat.text_if_any().is_some() {
        return Some(if seat.choice(&SEATS)? {
            SeatChoice::First
        } else {
            SeatChoice::Uniform
        });
    }
    let section = seat.section()?;
    let seats = section.integer("hot_zone");
    let probability = section.real("probability");
    Some(SeatChoice::HotZone {
        seats: seats?,
        probability: probability?,
    })
}

/// `{ poll = "endpoint", until = …, every = …, … }`
pub(super) fn poll<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, at: &Field<'a>) {
    let until = section.optional("until");
    let admitted = until.as_ref().and_then(|f| f.choice(&UNTIL)) == Some(true);
    let every = section.optional("every");
    let at_most = section.optional("at_most").and_then(|f| turns(program, &f));
    let bounded = section.has("at_most");
    let (slot, start) = program.begin_loop(at);
    let site = site(program, section, at, None);
    if let (true, Some(field)) = (admitted, &until) {
        needs_waiting_room(program, field);
        implies(program, site, Effect::Status, field);
    }
    program.push(Step::Request(site));
    if let Some(list) = section.optional("checks") {
        checks(program, &list);
    }
    let done = program.jump_if(if admitted {
        Condition::Admitted
    } else {
        Condition::Ok
    });
    let gives_up = at_most.map(|limit| program.count_to(slot, limit));
    if let Some(every) = every {
        // Without a bound, a zero pause would be a loop that takes no time.
        let pause = if bounded {
            program.build.dist(&every)
        } else {
            program.build.dist_above_zero(&every)
        };
        program.push(Step::Sleep(pause));
    }
    program.end_loop(start);
    if let Some(jump) = gives_up {
        program.land(jump);
    }
    give_up(program, section);
    program.land(done);
}

/// `{ retry = [ steps ], at_most = N, … }`
pub(super) fn retry<'a>(program: &mut Program<'_, 'a>, section: &Section<'a>, steps: &Field<'a>) {
    let at_most = section.optional("at_most");
    let limit = at_most.and_then(|f| turns(program, &f)).unwrap_or(1);
    let pause = section.optional("pause");
    let (slot, start) = program.begin_loop(steps);
    program.begin_attempt();
    body(program, steps, limit);
    let succeeded = program.end_attempt();
    let gives_up = program.count_to(slot, limit);
    if let Some(pause) = pause {
        let pause = program.build.dist(&pause);
        program.push(Step::Sleep(pause));
    }
    program.end_loop(start);
    program.land(gives_up);
    give_up(program, section);
    program.land(succeeded);
}
