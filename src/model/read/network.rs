//! The section `[network]`.

use super::Build;
use crate::model::field::Field;
use crate::model::network::{Network, Sizes};
use crate::model::section::Section;

/// Headers and a small body.
const REQUEST_BYTES: u64 = 200;
const RESPONSE_BYTES: u64 = 200;

/// Reads `[network]`.
pub(super) fn read<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Option<Network> {
    let section = field.section()?;
    let mut time = |key| section.optional(key).map(|f| build.dist(&f));
    let (latency, connecting, tls) = (time("latency"), time("connecting"), time("tls"));
    let both = bytes_per_second(&section, "bandwidth");
    let sizes = sizes(
        &section,
        Sizes {
            request: REQUEST_BYTES,
            response: RESPONSE_BYTES,
        },
    );
    let mut all = vec![sizes; build.endpoints.all().len()];
    let own = section.optional("endpoints");
    for (name, field) in own.map(|f| f.named()).unwrap_or_default() {
        let Some(own) = field.section() else { continue };
        let of_endpoint = self::sizes(&own, sizes);
        match build.endpoints.id(name) {
            Some(id) => {
                if let Some(slot) = all.get_mut(usize::from(id)) {
                    *slot = of_endpoint;
                }
            }
            None => build
                .notes
                .error(field.at, format!("there is no endpoint `{name}`"), ""),
        }
    }
    Some(Network {
        latency,
        connecting,
        tls,
        upload: bytes_per_second(&section, "upload").or(both),
        download: bytes_per_second(&section, "download").or(both),
        sizes: all,
    })
}

fn bytes_per_second(section: &Section, key: &'static str) -> Option<f64> {
    section.optional(key)?.number(1.0, 1e15)
}

fn sizes(section: &Section, otherwise: Sizes) -> Sizes {
    let bytes = |key| {
        let field = section.optional(key)?;
        field.whole(0, 1 << 40)
    };
    Sizes {
        request: bytes("request_bytes").unwrap_or(otherwise.request),
        response: bytes("response_bytes").unwrap_or(otherwise.response),
    }
}
