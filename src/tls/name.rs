//! Who a certificate is of.

use rustls::pki_types::CertificateDer;

/// The longest name that is taken: twice the 64 characters that X.520 allows.
const LONGEST: usize = 128;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT: u8 = 0x06;
/// The object identifier 2.5.4.3, commonName (RFC 5280 appendix A.1).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The common name (CN) of the certificate's subject; the last, where there are several. `None` if it has none that can be
/// shown. It is for certificates that were verified: nothing of the certificate but its name is looked at.
#[must_use]
pub fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (body, _) = take(certificate, SEQUENCE)?;
    let (body, _) = take(body, SEQUENCE)?;
    // RFC 5280 section 4.1: version (tagged, may be missing), serial number, signature, issuer, validity, subject.
    let (tag, _, rest) = item(body)?;
    let mut at = if tag == 0xa0 { rest } else { body };
    for _ in 0..4 {
        at = item(at)?.2;
    }
    let (mut names, _) = take(at, SEQUENCE)?;
    let mut found = None;
    while !names.is_empty() {
        let (mut set, rest) = take(names, SET)?;
        names = rest;
        while !set.is_empty() {
            let (attribute, rest) = take(set, SEQUENCE)?;
            set = rest;
            let (kind, value) = take(attribute, OBJECT)?;
            if kind == COMMON_NAME {
                let (tag, bytes, _) = item(value)?;
                found = text(tag, bytes).or(found);
            }
        }
    }
    found
}

/// What can be shown of a string in DER: a line of text without control characters.
fn text(tag: u8, bytes: &[u8]) -> Option<String> {
    let text = match tag {
        // UTF8String, PrintableString, TeletexString, IA5String.
        0x0c | 0x13 | 0x14 | 0x16 => str::from_utf8(bytes).ok()?.to_owned(),
        // BMPString.
        0x1e => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()?
        }
        _ => return None,
    };
    let fits = !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.contains(char::is_control);
    fits.then_some(text)
}

/// The content of the first item, if it has this tag, and what follows it.
fn take(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = item(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The first item in DER: its tag, its content, and what follows it.
fn item(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // Three bytes hold the length of any certificate that passes through TLS.
        let (digits, rest) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(digits, _)| digits.len() <= 3)?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair};

    fn named(names: &[DnValue]) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "lwtop");
        for name in names {
            params.distinguished_name.push(DnType::CommonName, name.clone());
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_common_name_is_read_in_every_writing() {
        for value in [
            DnValue::Utf8String("lwtThing".to_owned()),
            DnValue::PrintableString("lwtThing".try_into().unwrap()),
            DnValue::BmpString("lwtThing".try_into().unwrap()),
        ] {
            assert_eq!(common_name(&named(&[value])).as_deref(), Some("lwtThing"));
        }
        assert_eq!(common_name(&named(&["gerät-7".into()])).as_deref(), Some("gerät-7"));
        assert_eq!(common_name(&named(&[])), None);
        for hidden in ["a\u{1b}[2Jb", "  ", &"x".repeat(300)] {
            assert_eq!(common_name(&named(&[hidden.into()])), None, "{hidden:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(cut in 0_usize..400, at in 0_usize..400, with: u8) {
            let whole = named(&["lwtThing".into()]);
            let mut bytes = whole.to_vec();
            let place = at % bytes.len();
            bytes[place] = with;
            bytes.truncate(cut);
            let _ = common_name(&bytes.into());
        }
    }
}
