//! The section `[network]`.

use super::Build;
use super::dist::DISTRIBUTION;
use crate::field::Field;
use crate::network::{Network, Sizes};
use crate::vocabulary::{Kind, keys, tables};

tables! {
    /// The network between users and system. Without it, messages take no time.
    pub(crate) static NETWORK = "network" {
        /// The one-way delay.
        latency: Type(&DISTRIBUTION);
        /// The time to make a connection; k6's `http_req_connecting`.
        connecting: Type(&DISTRIBUTION);
        /// The time of the TLS handshake; k6's `http_req_tls_handshaking`.
        tls: Type(&DISTRIBUTION);
        /// Bytes a second, each way, for each connection.
        bandwidth: BYTES_PER_SECOND;
        ..REQUEST_BYTES.or_whole(200);
        ..RESPONSE_BYTES.or_whole(200);
        /// Sizes for single endpoints, by their names.
        endpoints: Named(&Table(&SIZES));
        /// Bytes a second to the system.
        upload: BYTES_PER_SECOND, otherwise("`bandwidth`");
        /// Bytes a second from the system.
        download: BYTES_PER_SECOND, otherwise("`bandwidth`");
    };

    /// How much the requests of one endpoint send and receive.
    static SIZES = "network.endpoints.NAME" {
        ..REQUEST_BYTES.otherwise("as for all");
        ..RESPONSE_BYTES.otherwise("as for all");
    };
}

pub(super) const BYTES_PER_SECOND: Kind = Kind::Number(1.0, 1e15);
const BYTES: Kind = Kind::Whole(0, 1 << 40);
keys! {
    /// The size of a request with its headers.
    pub(super) static REQUEST_BYTES = request_bytes: BYTES;
    /// The size of an answer with its headers.
    pub(super) static RESPONSE_BYTES = response_bytes: BYTES;
}

/// Reads `[network]`.
pub(super) fn read<'a>(build: &mut Build<'a>, field: &Field<'a>) -> Option<Network> {
    let section = field.section()?;
    let mut time = |key| section.optional(key).map(|f| build.dist(&f));
    let (latency, connecting, tls) = (time("latency"), time("connecting"), time("tls"));
    let both = section.real("bandwidth");
    let sizes = Sizes {
        request: section.integer_or_default("request_bytes"),
        response: section.integer_or_default("response_bytes"),
    };
    let mut all = vec![sizes; build.endpoints.all().len()];
    let own = section.optional("endpoints");
    for (name, field) in own.map(|f| f.named()).unwrap_or_default() {
        let Some(own) = field.section() else { continue };
        let of_endpoint = Sizes {
            request: own.integer("request_bytes").unwrap_or(sizes.request),
            response: own.integer("response_bytes").unwrap_or(sizes.response),
        };
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
        upload: section.real("upload").or(both),
        download: section.real("download").or(both),
        sizes: all,
    })
}
