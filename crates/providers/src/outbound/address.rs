//! Which addresses may be called: those of the public internet, and private ones where that is allowed.
//!
//! Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), and the addresses at which clouds
//! serve their metadata.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is to whoever calls out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Anyone on the internet.
    Public,
    /// This machine or its network: loopback, private, shared (carrier-grade NAT) and unique local addresses.
    Private,
    /// Nothing that could be meant: link-local and metadata addresses, multicast, unspecified, reserved, and forms that
    /// hide another address.
    Never,
}

/// Serves metadata and credentials to machines in one large cloud, from a public range.
const METADATA: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
/// The same in another, from a unique local range.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
/// The same in two others, from the ranges of carrier-grade NAT and of protocol assignments.
const METADATA_SHARED: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// What an address is.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    if address == METADATA || address == METADATA_SHARED {
        return Reach::Never;
    }
    match address.octets() {
        [10 | 127, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => {
            Reach::Private
        }
        // "This network", link-local, protocol assignments, documentation, the 6to4 relay, benchmarks, multicast, reserved
        // and broadcast.
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private,
        // An IPv4 address in IPv6 form is what it holds: mapped (RFC 4291), and translated (NAT64, RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            reach_v4(embedded(high, low))
        }
        _ if address == METADATA_V6 => Reach::Never,
        // Unique local (RFC 4193).
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // Protocol assignments with Teredo, documentation, 6to4: within the global range, but none of a host.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => Reach::Never,
        // Global unicast. Everything else is reserved, link-local, multicast or unspecified.
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(Reach, &[&str]); 3] = [
        (
            Reach::Public,
            &[
                "1.1.1.1",
                "93.184.215.14",
                "100.63.255.255",
                "100.128.0.0",
                "172.15.0.1",
                "172.32.0.1",
                "2606:4700::1111",
                "2a00:1450::1",
                "::ffff:1.1.1.1",
                "64:ff9b::1.1.1.1",
            ],
        ),
        (
            Reach::Private,
            &[
                "127.0.0.1",
                "127.255.255.254",
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.1",
                "100.127.255.255",
                "::1",
                "fc00::1",
                "fdff:1::1",
                "::ffff:127.0.0.1",
                "::ffff:10.1.2.3",
                "64:ff9b::192.168.0.1",
            ],
        ),
        (
            Reach::Never,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "169.254.169.254",
                "169.254.0.1",
                "192.0.0.192",
                "192.0.2.1",
                "192.88.99.1",
                "198.18.0.1",
                "198.51.100.7",
                "203.0.113.9",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "168.63.129.16",
                "100.100.100.200",
                "::",
                "::127.0.0.1",
                "fe80::1",
                "fec0::1",
                "ff02::1",
                "2002:7f00:1::",
                "2002:a00:1::1",
                "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                "2001:db8::1",
                "3fff::1",
                "64:ff9b:1::10.0.0.1",
                "100::1",
                "fd00:ec2::254",
                "::ffff:169.254.169.254",
                "64:ff9b::169.254.169.254",
                "::ffff:0:127.0.0.1",
            ],
        ),
    ];

    #[test]
    fn every_special_range_is_known() {
        for (reached, addresses) in KNOWN {
            for address in addresses {
                let parsed: IpAddr = address.parse().unwrap();
                assert_eq!(reach(parsed), reached, "{address}");
            }
        }
    }
}
