use super::*;

fn spec() -> system::WaitingRoom {
    system::WaitingRoom::default()
}

/// Lets the room run and lists (time, token) of all admissions.
fn run(room: &mut WaitingRoom) -> Vec<(u64, Token)> {
    let mut log = Vec::new();
    let mut now = Time::ZERO;
    while let Some(at) = room.next_admission(now) {
        now = at;
        while let Some(token) = room.admit(now) {
            log.push((now.0, token));
        }
    }
    log
}

#[test]
fn a_batch_every_so_often_first_after_one_period() {
    let mut room = WaitingRoom::new(
        &system::WaitingRoom {
            batch: Some((2, Span(10))),
            ..spec()
        },
        Stream::new(1, 0, "r"),
    );
    for _ in 0..5 {
        room.join(Time(0));
    }
    assert_eq!(
        run(&mut room),
        [(10, 0), (10, 1), (20, 2), (20, 3), (30, 4)]
    );
    assert_eq!(room.probe.longest, Span(30));
}

#[test]
fn who_comes_between_two_batches_waits_for_the_next() {
    let mut room = WaitingRoom::new(
        &system::WaitingRoom {
            batch: Some((2, Span(10))),
            ..spec()
        },
        Stream::new(1, 0, "r"),
    );
    room.join(Time(0));
    assert_eq!(run(&mut room), [(10, 0)]);
    room.join(Time(13));
    assert_eq!(room.admit(Time(13)), None);
    assert_eq!(room.next_admission(Time(13)), Some(Time(20)));
    assert_eq!(room.admit(Time(20)), Some(1));
    room.join(Time(47));
    assert_eq!(room.next_admission(Time(47)), Some(Time(50)));
}

#[test]
fn a_rate_spaces_admissions_evenly() {
    let mut room = WaitingRoom::new(
        &system::WaitingRoom {
            rate: Some(2.5e8),
            ..spec()
        },
        Stream::new(1, 0, "r"),
    );
    for _ in 0..3 {
        room.join(Time(0));
    }
    assert_eq!(run(&mut room), [(0, 0), (4, 1), (8, 2)]);
}

#[test]
fn a_cap_lets_in_as_many_as_leave() {
    let mut room = WaitingRoom::new(
        &system::WaitingRoom {
            active_cap: Some(2),
            ..spec()
        },
        Stream::new(1, 0, "r"),
    );
    for _ in 0..3 {
        room.join(Time(0));
    }
    assert_eq!(run(&mut room), [(0, 0), (0, 1)]);
    assert!(room.end_session(Time(5), 1));
    assert!(!room.end_session(Time(6), 1));
    assert_eq!(room.admit(Time(6)), Some(2));
    assert_eq!(room.standing(1), Standing::Expired);
    assert_eq!(room.probe.active.value(), 2);
}

#[test]
fn at_the_opening_the_line_is_drawn_by_lot() {
    let mut room = WaitingRoom::new(
        &system::WaitingRoom {
            order: AdmissionOrder::RandomAtOpening,
            opens_at: Span(7),
            ..spec()
        },
        Stream::new(1, 0, "r"),
    );
    for _ in 0..50 {
        room.join(Time(0));
    }
    let log = run(&mut room);
    assert!(log.iter().all(|l| l.0 == 7));
    let mut tokens: Vec<Token> = log.iter().map(|l| l.1).collect();
    assert_ne!(tokens, (0..50).collect::<Vec<_>>());
    tokens.sort_unstable();
    assert_eq!(tokens, (0..50).collect::<Vec<_>>());
}

#[test]
fn who_comes_after_the_draw_stands_behind_all_who_drew() {
    let spec = system::WaitingRoom {
        order: AdmissionOrder::RandomAtOpening,
        batch: Some((1, Span(10))),
        ..spec()
    };
    let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
    for _ in 0..20 {
        room.join(Time(0));
    }
    let first = room.admit(Time(10));
    for _ in 0..2 {
        room.join(Time(11));
    }
    for token in 0..22 {
        room.ask(Time(11), token);
    }
    let log = run(&mut room);
    assert_eq!(log.len(), 21);
    assert!(log.iter().all(|(_, token)| Some(*token) != first));
    assert_eq!(log[19..], [(210, 20), (220, 21)]);
    // Each was told the very time, hence by the turn drawn.
    assert_eq!((room.probe.told, room.probe.absolute_error), (21, 0));
}

#[test]
fn the_draw_is_at_the_opening_whenever_the_first_batch_comes() {
    let spec = system::WaitingRoom {
        order: AdmissionOrder::RandomAtOpening,
        opens_at: Span(5),
        batch: Some((10, Span(10))),
        ..spec()
    };
    let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
    for _ in 0..20 {
        room.join(Time(0));
    }
    // Nobody knows before the draw.
    room.ask(Time(4), 0);
    assert_eq!(room.told(0), None);
    for _ in 0..5 {
        room.join(Time(9));
    }
    for token in 0..25 {
        room.ask(Time(9), token);
    }
    let log = run(&mut room);
    assert!(log[..20].iter().all(|(_, token)| *token < 20), "{log:?}");
    assert_eq!(log[24], (35, 24));
    assert_eq!((room.probe.told, room.probe.absolute_error), (25, 0));
}

#[test]
fn those_of_a_batch_follow_one_another_at_a_rate() {
    // A gap of 2, a batch of 3 each 10; or of 8, which takes longer than that.
    let spaced = |size| system::WaitingRoom {
        rate: Some(5e8),
        batch: Some((size, Span(10))),
        ..spec()
    };
    let mut room = WaitingRoom::new(&spaced(3), Stream::new(1, 0, "r"));
    for _ in 0..5 {
        room.join(Time(0));
    }
    let times = |log: Vec<(u64, Token)>| log.iter().map(|l| l.0).collect::<Vec<_>>();
    assert_eq!(times(run(&mut room)), [10, 12, 14, 20, 22]);
    // Who comes after the second batch waits for the third, though it had a place left.
    room.join(Time(23));
    assert_eq!(room.admit(Time(24)), None);
    assert_eq!(room.next_admission(Time(24)), Some(Time(30)));
    let mut room = WaitingRoom::new(&spaced(8), Stream::new(1, 0, "r"));
    for _ in 0..9 {
        room.join(Time(0));
    }
    assert_eq!(times(run(&mut room)), [10, 12, 14, 16, 18, 20, 22, 24, 26]);
}

#[test]
fn no_spec_divides_by_zero() {
    let spec = system::WaitingRoom {
        batch: Some((0, Span(0))),
        ..spec()
    };
    let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
    room.join(Time(0));
    room.ask(Time(0), 0);
    assert_eq!(run(&mut room), [(1, 0)]);
}

/// Users who come and ask at any time are told the very time at which they come in, whatever the rules.
#[test]
fn what_is_told_comes_true() {
    let mut stream = Stream::new(5, 0, "tests");
    for _ in 0..300 {
        let rate = stream
            .chance(0.7)
            .then(|| 1e9 / (1 + stream.below(9)) as f64);
        let size = 1 + stream.below(9) as u32;
        let every = Span(1 + stream.below(40));
        let batch = (rate.is_none() || stream.chance(0.7)).then_some((size, every));
        let opens_at = Span(stream.below(30));
        let spec = system::WaitingRoom {
            rate,
            batch,
            opens_at,
            ..spec()
        };
        let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
        let mut now = Time::ZERO;
        for token in 0..60 {
            let next = now + Span(stream.below(12));
            while let Some(at) = room.next_admission(now).filter(|at| *at <= next) {
                now = at;
                while room.admit(now).is_some() {}
            }
            now = next;
            room.join(now);
            room.ask(now, token);
        }
        while let Some(at) = room.next_admission(now) {
            now = at;
            while room.admit(now).is_some() {}
        }
        let probe = &room.probe;
        assert_eq!((probe.told, probe.absolute_error), (60, 0), "{spec:?}");
    }
}

#[test]
fn who_stops_asking_loses_the_turn() {
    let spec = system::WaitingRoom {
        batch: Some((1, Span(10))),
        poll_expiry: Some(Span(12)),
        ..spec()
    };
    let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
    for _ in 0..4 {
        room.join(Time(0));
    }
    assert_eq!(room.admit(Time(10)), Some(0));
    // 1 is silent; 2 asks in time, 3 too late.
    assert_eq!(room.ask(Time(11), 2), Standing::Waiting);
    assert_eq!(room.ask(Time(15), 3), Standing::Expired);
    assert_eq!(room.admit(Time(20)), Some(2));
    assert_eq!(room.standing(1), Standing::Expired);
    assert_eq!((room.probe.given_up, room.probe.waiting.value()), (2, 0));
    assert_eq!(room.admit(Time(30)), None);
}

#[test]
fn the_wait_that_is_told_follows_from_the_rules() {
    let spec = system::WaitingRoom {
        batch: Some((2, Span(10))),
        ..spec()
    };
    let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
    for _ in 0..5 {
        room.join(Time(3));
    }
    // The fifth comes with the third batch, at 30.
    assert_eq!(room.estimate(Time(3), 4), Some(Span(27)));
    room.ask(Time(3), 4);
    // The first two leave the line: the fifth comes sooner than told.
    room.leave(Time(5), 0);
    room.leave(Time(5), 1);
    assert_eq!(run(&mut room), [(10, 2), (10, 3), (20, 4)]);
    assert_eq!((room.probe.told, room.probe.error), (1, -10));
    assert_eq!(room.probe.absolute_error, 10);
}

#[test]
fn a_session_ends_early_or_late() {
    let spec = system::WaitingRoom {
        active_cap: Some(1),
        ..spec()
    };
    let mut room = WaitingRoom::new(&spec, Stream::new(1, 0, "r"));
    room.join(Time(0));
    room.join(Time(0));
    assert_eq!(room.admit(Time(0)), Some(0));
    assert!(room.set_end(0, Time(50)));
    assert_eq!(room.ends(0), Some(Time(50)));
    assert!(room.leave(Time(20), 0));
    assert_eq!(room.ends(0), None);
    assert_eq!(room.admit(Time(20)), Some(1));
}

#[test]
fn a_session_that_is_renewed_may_end_sooner() {
    let mut room = WaitingRoom::new(&spec(), Stream::new(1, 0, "r"));
    room.join(Time(0));
    assert_eq!(room.admit(Time(0)), Some(0));
    assert!(room.set_end(0, Time(50)));
    // Later: the look at 50 finds out. Sooner: somebody must look before, and but one goes on.
    assert!(!room.set_end(0, Time(70)));
    assert!(room.set_end(0, Time(40)));
    assert!(!room.set_end(0, Time(60)));
    assert_eq!(room.session_due(Time(40), 0), Err(Time(60)));
    assert_eq!(room.session_due(Time(50), 0), Ok(false));
    assert_eq!(room.session_due(Time(60), 0), Ok(true));
    assert!(room.end_session(Time(60), 0));
    assert_eq!(room.session_due(Time(60), 0), Ok(false));
}
