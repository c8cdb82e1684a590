//! Waiting rooms as they are sold: presets, users who are let through when they ask, users who come back, and bots.

use capsim::engine::{Span, Time};
use capsim::model::Model;
use capsim::world::World;
use capsim::world::outcome::Outcome;

/// A model with a room, an endpoint that lets users join, one that tells them, and journeys that start at
/// given times. Requests take no time.
fn model(room: &str, journeys: &[(&str, &str, &str)]) -> Model {
    let mut text = format!(
        "[endpoints.join]\nvisits = [{{ issue = \"token\" }}]\n\
         [endpoints.status]\nvisits = [{{ status = \"queue\" }}]\n[waiting_room]\n{room}\n[journeys]\n"
    );
    for (name, _, steps) in journeys {
        text += &format!("{name} = [{{ pick = \"user\" }}, {steps}]\n");
    }
    for (name, at, _) in journeys {
        text += &format!(
            "[scenarios.{name}]\nexecutor = \"trace-arrivals\"\nat = [{at}]\njourney = \"{name}\"\n\
             graceful_stop = \"1h\"\n"
        );
    }
    Model::from_text("room.toml", &text, &[]).unwrap_or_else(|why| panic!("{why}"))
}

fn run(room: &str, journeys: &[(&str, &str, &str)]) -> Outcome {
    let (outcome, audit) = World::new(&model(room, journeys), 1, 0).run_audited();
    assert_eq!(audit.violations, []);
    outcome
}

const JOIN: &str = "{ request = \"join\" }";
/// As a page that refreshes every 20 s.
const POLL: &str = "{ poll = \"status\", until = \"admitted\", every = \"20s\" }";

/// Users who were let through, who gave up, and how long the former waited in all, in seconds.
fn course(outcome: &Outcome) -> (u64, u64, u128) {
    let room = outcome.room.as_ref().unwrap();
    assert_eq!(room.waited % 1_000_000_000, 0);
    (room.admitted, room.given_up, room.waited / 1_000_000_000)
}

#[test]
fn so_many_a_minute_come_in_when_they_ask() {
    let at = vec!["\"0s\""; 25].join(", ");
    let steps = format!("{JOIN}, {POLL}");
    let room = "bucket = \"1m\"\nadmit = { per_minute = 10 }";
    let outcome = run(room, &[("visit", &at, &steps)]);
    // 10 at once, 10 after one minute, 5 after two.
    assert_eq!(course(&outcome), (25, 0, 10 * 60 + 5 * 120));
}

#[test]
fn who_has_left_holds_up_those_of_later_minutes_for_five() {
    let steps = format!("{JOIN}, {POLL}");
    let room = "preset = \"minute-buckets\"\nlocations = { count = 1, common = 1.0, propagation = \"2m\" }\n\
                admit = { per_minute = 1 }";
    let gone = ("gone", "\"30s\"", JOIN);
    let outcome = run(room, &[("visit", "\"0s\", \"70s\"", &steps), gone]);
    // The first has the place of the first minute. The second asks at 70, 90, … 330 s, when the five minutes of the one
    // who joined at 30 s and left are not over yet, and at 350.
    assert_eq!(course(&outcome), (2, 1, 280));
    // Where each has a turn, who has stopped asking is in nobody's way.
    let turns = "poll_expiry = \"20s\"\nsession = \"5m\"\nadmit = { batch = 1, every = \"1m\" }";
    let outcome = run(turns, &[("visit", "\"0s\", \"70s\"", &steps), gone]);
    assert_eq!(course(&outcome), (2, 1, 60 + 50));
}

#[test]
fn who_comes_back_within_the_grace_has_the_old_place_and_else_a_new_one() {
    let stays = format!("{JOIN}, {POLL}");
    let leaves = "{ poll = \"status\", until = \"admitted\", every = \"20s\", at_most = 2 }, { sleep = \"4m\" }";
    let room = "bucket = \"1m\"\npoll_expiry = \"5m\"\nadmit = { per_minute = 1 }";
    let visits = |back: &str| {
        let back = format!("{JOIN}, {leaves}, {back}");
        run(
            room,
            &[
                ("stays", "\"0s\", \"75s\"", &stays),
                ("returns", "\"10s\"", &back),
            ],
        )
    };
    // Asks at 10 and 30 s, is away, and asks at 270: the place of the first minute. The one of the second asks at
    // 75, 95, … 275 s, when the place of that minute is gone, and at 315.
    assert_eq!(course(&visits(POLL)), (3, 0, 260 + 240));
    // With a new token it stands behind: the old one holds the second minute up until 330 s, so that the other comes
    // in at 335 and this one at 370.
    assert_eq!(course(&visits(&stays)), (3, 1, 260 + 100));
}

#[test]
fn the_inlet_raises_a_number_whoever_is_there() {
    let steps = format!("{JOIN}, {{ await = \"admission\" }}");
    let at = "\"0s\", \"0s\", \"61s\", \"62s\", \"63s\"";
    let room = "preset = \"periodic-inlet\"\nadmit = { batch = 3, every = \"1m\" }";
    // Two wait for a minute, the third number is served when it comes, two wait for the next minute.
    let outcome = run(room, &[("visit", at, &steps)]);
    assert_eq!(course(&outcome), (5, 0, 60 + 60 + 58 + 57));
    // Without numbers the place left over is lost.
    let room = "admit = { batch = 3, every = \"1m\" }";
    let outcome = run(room, &[("visit", at, &steps)]);
    assert_eq!(course(&outcome), (5, 0, 60 + 60 + 59 + 58 + 57));
}

#[test]
fn as_many_come_in_as_have_left() {
    let leave = "[endpoints.leave]\nvisits = [{ leave = \"room\" }]\n";
    let steps = format!(
        "{JOIN}, {{ await = \"admission\" }}, {{ sleep = \"30s\" }}, {{ request = \"leave\" }}"
    );
    let room = format!("preset = \"max-size-inlet\"\nadmit = {{ active = 2 }}\n{leave}");
    let at = ["\"0s\""; 6].join(", ");
    let outcome = run(&room, &[("visit", &at, &steps)]);
    assert_eq!(course(&outcome), (6, 0, 2 * 30 + 2 * 60));
    assert_eq!(outcome.room.unwrap().active.max(), 2);
}

#[test]
fn bots_that_ask_more_often_are_first_in_their_minute_and_not_where_each_has_a_turn() {
    let person = format!("{JOIN}, {POLL}");
    let bot = format!("{JOIN}, {{ poll = \"status\", until = \"admitted\", every = \"1s\" }}");
    let at = |seconds: std::ops::RangeInclusive<u64>| {
        let all: Vec<String> = seconds.map(|s| format!("\"{s}s\"")).collect();
        all.join(", ")
    };
    // 40 people come at 1, 2, … 40 s, 5 bots at 41, … 45 s. The room opens at 60 s for 9 a minute.
    let (people, bots) = (at(1..=40), at(41..=45));
    let journeys = [("person", &*people, &*person), ("bot", &*bots, &*bot)];
    let look = |admit: &str, second: u64| {
        let model = model(&format!("opens_at = \"1m\"\n{admit}"), &journeys);
        let mark = Time::ZERO + Span::secs(second);
        let marked = World::new(&model, 1, 0).run_marked(&[mark]);
        let room = marked.snapshots[0].room.as_ref().unwrap();
        (room.admitted, room.waited / 1_000_000_000)
    };
    // At 60 s all bots ask, and the people of 20 and 40 s; at 61 s those of 1 and 21 s.
    let asked = (19 + 18 + 17 + 16 + 15) + (40 + 20) + (60 + 40);
    let asking = "bucket = \"1m\"\nadmit = { per_minute = 9 }";
    assert_eq!(look(asking, 119), (9, asked));
    // The nine who came first, at 120 s.
    let turns = "admit = { batch = 9, every = \"1m\" }";
    assert_eq!(look(turns, 121), (9, 9 * 120 - 45));
}

fn refused(room: &str, journey: &str) -> String {
    let text = format!(
        "[endpoints.join]\nvisits = [{{ issue = \"token\" }}]\n[endpoints.status]\nvisits = [{{ status = \"queue\" }}]\n\
         [waiting_room]\n{room}\n[journeys]\nvisit = [{JOIN}, {journey}]\n\
         [scenarios.default]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\n"
    );
    let model = Model::from_text("room.toml", &text, &[]);
    model.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn what_does_not_go_together_is_told() {
    let told = |room: &str, what: &str| {
        let message = refused(room, POLL);
        assert!(message.contains(what), "{message}");
    };
    told("admit = { per_minute = 10 }", "add bucket = \"1m\"");
    told(
        "bucket = \"1m\"\nadmit = { batch = 10, every = \"1m\" }",
        "write per_minute = 1000",
    );
    told(
        "numbered = true\nadmit = { rate = 10 }",
        "only batches raise a number",
    );
    told(
        "locations = { count = 2, common = 0.5, propagation = \"1s\" }\nadmit = { active = 1 }",
        "`locations` does nothing",
    );
    told("preset = \"minute-buckets\"", "lets nobody in");
    told(
        "preset = \"minute-bucket\"\nadmit = { active = 1 }",
        "did you mean `minute-buckets`?",
    );
    let awaits = refused(
        "bucket = \"1m\"\nadmit = { per_minute = 10 }",
        "{ await = \"admission\" }",
    );
    assert!(awaits.contains("journey `visit` awaits it"), "{awaits}");
}
