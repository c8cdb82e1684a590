//! Deadlines: where a model has any, each operation at which a request may wait or time may pass asks first whether it is
//! still in time. A model without deadlines has no such question.

use crate::Model;
use crate::field::Field;
use crate::system::Op;

/// `deadline = "client"` or a time.
pub(super) fn read(field: &Field) -> Option<Op> {
    match field.text_if_any() {
        Some("client") => Some(Op::Deadline(None)),
        _ => field.span_above_zero().map(|time| Op::Deadline(Some(time))),
    }
}

/// Puts the questions into all programs, if one of them sets a deadline.
pub(super) fn ask(model: &mut Model) {
    let sets = |op: &Op| matches!(op, Op::Deadline(_));
    if !model.endpoints.iter().any(|e| e.ops.iter().any(sets)) {
        return;
    }
    for endpoint in &mut model.endpoints {
        endpoint.ops = asking(&endpoint.ops);
    }
}

fn asking(ops: &[Op]) -> Vec<Op> {
    let (mut new, mut moved) = (Vec::new(), Vec::new());
    let mut guarded = false;
    for op in ops {
        // What is jumped to is never one of these.
        let asks = matches!(
            op,
            Op::Serve { .. }
                | Op::Delay(_)
                | Op::Acquire { .. }
                | Op::AcquireMany { .. }
                | Op::Lock { .. }
                | Op::Guard(_)
                | Op::Call(_)
        );
        if asks && !guarded {
            new.push(Op::InTime);
        }
        moved.push(new.len());
        new.push(*op);
        // A guard and its call stand together.
        guarded = matches!(op, Op::Guard(_));
    }
    for (at, op) in ops.iter().enumerate() {
        let to = |skip: u16| moved.get(at + usize::from(skip)).copied();
        if let (Op::Cache { cache, skip }, Some(own)) = (op, moved.get(at))
            && let Some(skip) = to(*skip).and_then(|to| u16::try_from(to - own).ok())
            && let Some(place) = new.get_mut(*own)
        {
            *place = Op::Cache {
                cache: *cache,
                skip,
            };
        }
    }
    new
}
