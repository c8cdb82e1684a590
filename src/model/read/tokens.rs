//! Pools of which some visit takes several tokens at once: all their tokens are taken that way.

use crate::Model;
use crate::system::Op;
use std::collections::BTreeSet;

/// Makes one way of taking of both.
pub(super) fn take_together(model: &mut Model) {
    let ops = model.endpoints.iter().flat_map(|e| &e.ops);
    let several: BTreeSet<u16> = ops
        .filter_map(|op| match op {
            Op::AcquireMany { pool, .. } => Some(pool.0),
            _ => None,
        })
        .collect();
    if several.is_empty() {
        return;
    }
    for op in model.endpoints.iter_mut().flat_map(|e| &mut e.ops) {
        if let Op::Acquire { pool } = *op
            && several.contains(&pool.0)
        {
            *op = Op::AcquireMany { pool, tokens: 1 };
        }
    }
}
