//! What AWS IoT Core wants of whoever connects (its developer guide, "Device communication protocols").

use super::sigv4::{Signer, encoded};
use super::trouble::DialError;
use super::{Route, credentials};
use crate::mqtt::Scheme;

/// The service, as signatures name it.
const SERVICE: &str = "iotdevicegateway";

/// For how many seconds a signature lets one connect: the most that AWS takes. Each is used at once, and once.
const EXPIRES: u32 = 86_400;

/// Whether this is the name of a device endpoint of AWS IoT Core: `….iot.REGION.amazonaws.com`, with `iot-fips` for FIPS 140 and with
/// `vpce` behind the region for an endpoint in a VPC. Other services have their names under `amazonaws.com` as well, Amazon MQ
/// and whatever runs on EC2 among them.
pub fn is_endpoint(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let found = [".amazonaws.com", ".amazonaws.com.cn"].iter().find_map(|end| name.strip_suffix(end));
    found.is_some_and(|rest| {
        let mut labels = rest.strip_suffix(".vpce").unwrap_or(rest).rsplit('.');
        let (_region, service, prefix) = (labels.next(), labels.next(), labels.next());
        matches!(service, Some("iot" | "iot-fips")) && prefix.is_some()
    })
}

/// The application protocol that AWS tells MQTT from HTTPS by, on the port that they share: with a client certificate
/// `x-amzn-mqtt-ca`, for a custom authorizer, which goes by user name and password, `mqtt`.
pub fn alpn(route: &Route) -> Option<&'static str> {
    let address = &route.address;
    let shared = address.scheme == Scheme::Mqtts && address.port == 443 && route.is_aws();
    let authorizer = address.login.is_some() && route.tls.cert.is_none();
    shared.then_some(if authorizer { "mqtt" } else { "x-amzn-mqtt-ca" })
}

/// The path of the WebSocket, signed where AWS wants that: not for a custom authorizer, whose name and token stand in the
/// query, the headers or the login, and not where the query has a signature already.
pub async fn signed_path(route: &Route) -> Result<String, DialError> {
    let path = &route.address.path;
    if !wants_signature(route) {
        return Ok(path.clone());
    }
    let Some(region) = region(route.name()) else {
        return Err(DialError::Setup(format!(
            "the name {} does not tell its region, as in ….iot.eu-central-1.amazonaws.com",
            route.name()
        )));
    };
    let found = credentials::find().await.map_err(DialError::Setup)?;
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    Ok(signed(path, &route.host_header(), region, &found, &time))
}

fn wants_signature(route: &Route) -> bool {
    let address = &route.address;
    let query = address.path.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
    let own = |name: &str| name.starts_with("x-amz-");
    address.scheme == Scheme::Wss
        && route.is_aws()
        && address.login.is_none()
        && !query.split('&').any(own)
        && !route.headers.iter().any(|(name, _)| own(&name.to_ascii_lowercase()))
}

fn signed(path: &str, host: &str, region: &str, found: &credentials::Found, time: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let signer = Signer { key_id: &found.key_id, secret: &found.secret, region, service: SERVICE };
    let query = signer.sign(host, path, query, time, EXPIRES);
    // Other services sign the token too; the device gateway wants it after the signature.
    let token = found.token.as_ref().map(|token| format!("&X-Amz-Security-Token={}", encoded(token.as_bytes(), "")));
    format!("{path}?{query}{}", token.unwrap_or_default())
}

/// The part of an endpoint's name that is a region, such as `eu-central-1`.
fn region(name: &str) -> Option<&str> {
    name.split('.').rev().find(|part| {
        let mut words = part.split('-');
        let first =
            words.next().is_some_and(|word| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_lowercase()));
        let last =
            words.next_back().is_some_and(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()));
        let mut middle = words.peekable();
        first
            && last
            && middle.peek().is_some()
            && middle.all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::TlsOptions;

    fn route(url: &str) -> Route {
        Route::from(url.parse::<crate::mqtt::BrokerAddress>().unwrap())
    }

    #[test]
    fn only_iot_core_is_taken_for_it() {
        for (name, expected) in [
            ("a1-ats.iot.eu-central-1.amazonaws.com", true),
            ("A1-ATS.IOT.EU-CENTRAL-1.AMAZONAWS.COM.", true),
            ("a1.ats.iot.cn-north-1.amazonaws.com.cn", true),
            ("data.iot-fips.us-gov-west-1.amazonaws.com", true),
            ("vpce-1-ab.data.iot.us-east-1.vpce.amazonaws.com", true),
            ("b-1234-1.mq.eu-central-1.amazonaws.com", false),
            ("ec2-192-0-2-1.eu-central-1.compute.amazonaws.com", false),
            ("iot-1234.elb.eu-central-1.amazonaws.com", false),
            ("iot.s3.eu-central-1.amazonaws.com", false),
            ("iot.eu-central-1.amazonaws.com", false),
            ("amazonaws.com", false),
            ("a1.iot.eu-central-1.amazonaws.com.example", false),
            ("a1.iot.eu-central-1.notamazonaws.com", false),
        ] {
            assert_eq!(is_endpoint(name), expected, "{name}");
        }
    }

    #[test]
    fn the_application_protocol_is_known_where_it_is_needed() {
        for (url, expected) in [
            ("mqtts://a1-ats.iot.eu-central-1.amazonaws.com:443", Some("x-amzn-mqtt-ca")),
            ("mqtts://a1-ats.iot.cn-north-1.amazonaws.com.cn:443", Some("x-amzn-mqtt-ca")),
            ("mqtts://ann:pw@a1-ats.iot.eu-central-1.amazonaws.com:443", Some("mqtt")),
            ("mqtts://a1-ats.iot.eu-central-1.amazonaws.com", None),
            ("wss://a1-ats.iot.eu-central-1.amazonaws.com", None),
            ("mqtts://amazonaws.com.example:443", None),
        ] {
            assert_eq!(alpn(&route(url)), expected, "{url}");
        }
        let tls = TlsOptions { cert: Some("cert.pem".into()), ..TlsOptions::default() };
        let both = Route { tls, ..route("mqtts://ann:pw@a1-ats.iot.eu-central-1.amazonaws.com:443") };
        assert_eq!(alpn(&both), Some("x-amzn-mqtt-ca"));
        let tls =
            TlsOptions { server_name: Some("a1.iot.eu-west-1.amazonaws.com".to_owned()), ..TlsOptions::default() };
        assert_eq!(alpn(&Route { tls, ..route("mqtts://127.0.0.1:443") }), Some("x-amzn-mqtt-ca"));
    }

    #[test]
    fn what_is_signed_and_for_which_region() {
        for (url, expected) in [
            ("wss://a1-ats.iot.eu-central-1.amazonaws.com", true),
            ("wss://a1-ats.iot.eu-central-1.amazonaws.com/mqtt?x-amz-customauthorizer-name=a", false),
            ("wss://a1-ats.iot.eu-central-1.amazonaws.com/mqtt?a=b&X-Amz-Signature=00", false),
            ("wss://ann:pw@a1-ats.iot.eu-central-1.amazonaws.com", false),
            ("ws://a1-ats.iot.eu-central-1.amazonaws.com", false),
            ("wss://broker.example", false),
        ] {
            assert_eq!(wants_signature(&route(url)), expected, "{url}");
        }
        let headers = vec![("X-Amz-CustomAuthorizer-Name".to_owned(), "a".to_owned())];
        assert!(!wants_signature(&Route { headers, ..route("wss://a1-ats.iot.eu-central-1.amazonaws.com") }));
        for (name, expected) in [
            ("a1-ats.iot.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("data.iot-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("vpce-1-ab.data.iot.us-east-1.vpce.amazonaws.com", Some("us-east-1")),
            ("a1.iot.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("a1.iot.amazonaws.com", None),
        ] {
            assert_eq!(region(name), expected, "{name}");
        }
    }

    #[test]
    fn a_session_token_follows_the_signature_and_is_not_signed() {
        let mut found = credentials::Found { key_id: "AKID".to_owned(), secret: "secret".to_owned(), token: None };
        let sign = |found: &credentials::Found| signed("/mqtt", "h", "eu-west-1", found, "20260102T030405Z");
        let without = sign(&found);
        found.token = Some("a/b+c=".to_owned());
        assert_eq!(sign(&found), format!("{without}&X-Amz-Security-Token=a%2Fb%2Bc%3D"));
        let scope = "X-Amz-Credential=AKID%2F20260102%2Feu-west-1%2Fiotdevicegateway%2Faws4_request";
        assert!(without.starts_with("/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&") && without.contains(scope), "{without}");
    }
}
