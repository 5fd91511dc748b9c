//! The values a spec is made of: what they take, what they refuse, and what they answer.

use ha_domain::spec::value::{AbsolutePath, Cidr, HostName, HttpUrl, ImageReference, Period, Quantity, TimeOfDay};
use proptest::prelude::*;

#[test]
fn quantities_are_read_as_kubernetes_reads_them() {
    let bytes = |text: &str| Quantity::parse(text).unwrap().bytes();
    assert_eq!(
        (bytes("2Gi"), bytes("1.5Gi"), bytes("20G"), bytes("512"), bytes("1k")),
        (2 << 30, 3 << 29, 20_000_000_000, 512, 1_000)
    );
    assert_eq!(Quantity::parse("500m").unwrap().millicores(), 500);
    assert_eq!(Quantity::parse("2").unwrap().millicores(), 2_000);
    for wrong in ["", "Gi", "2 Gi", "-1", "1e3", "2gb", "1.2345", "9999999999999999Ti", "0x10"] {
        assert!(Quantity::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn periods_need_a_unit_and_are_written_with_the_largest_whole_one() {
    let same = |text: &str| Period::parse(text).unwrap().to_string();
    assert_eq!(["200ms", "90s", "60s", "120m", "48h"].map(same), ["200ms", "90s", "1m", "2h", "2d"]);
    for wrong in ["", "5", "s", "1.5s", "-1s", "5 s", "99999999999999999999d", "5w"] {
        assert!(Period::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn times_of_day_have_two_digits_each_and_exist() {
    let time = TimeOfDay::parse("23:59").unwrap();
    assert_eq!((time.hour(), time.minute(), time.to_string().as_str()), (23, 59, "23:59"));
    for wrong in ["2:00", "24:00", "12:60", "1200", "aa:bb", "-1:00", "12:00:00"] {
        assert!(TimeOfDay::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn networks_know_what_lies_in_them() {
    let net = Cidr::parse("10.96.0.0/12").unwrap();
    assert_eq!(net.nth(10).unwrap().to_string(), "10.96.0.10");
    assert!(net.contains("10.111.255.255".parse().unwrap()) && !net.contains("10.112.0.0".parse().unwrap()));
    assert!(net.overlaps(&Cidr::parse("10.100.0.0/16").unwrap()) && Cidr::parse("10.0.0.0/8").unwrap().overlaps(&net));
    assert!(!net.overlaps(&Cidr::parse("10.112.0.0/12").unwrap()));
    assert_eq!(Cidr::around("192.168.193.21".parse().unwrap(), 24).to_string(), "192.168.193.0/24");
    assert!(
        Cidr::parse("10.96.0.1/12").is_err()
            && Cidr::parse("10.96.0.0").is_err()
            && Cidr::parse("10.0.0.0/33").is_err()
    );
}

#[test]
fn image_references_carry_registry_and_tag() {
    let image = ImageReference::parse("registry.example:5000/team/joget-dx8:8.2").unwrap();
    let parts = (image.registry(), image.repository(), image.tag(), image.digest());
    assert_eq!(parts, ("registry.example:5000", "registry.example:5000/team/joget-dx8", Some("8.2"), None));
    let digest = format!("sha256:{}", "ab".repeat(32));
    let pinned = ImageReference::parse(&format!("ghcr.io/a/b@{digest}")).unwrap();
    assert_eq!((pinned.tag(), pinned.digest()), (None, Some(digest.as_str())));
    for wrong in [
        "joget",
        "joget:8",
        "library/joget:8",
        "ghcr.io/a/b",
        "ghcr.io/A/b:1",
        "ghcr.io//b:1",
        "ghcr.io/a/b:",
        "ghcr.io/a/b@sha256:12",
        "ghcr.io/a b:1",
        "ghcr.io/../b:1",
    ] {
        assert!(ImageReference::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn urls_are_http_and_carry_no_password() {
    let url = HttpUrl::parse("https://mirror.example:8443/ha").unwrap();
    assert_eq!((url.host(), url.join("/a/b").as_str()), ("mirror.example", "https://mirror.example:8443/ha/a/b"));
    let refused = HttpUrl::parse("http://me:hunter2@mirror.example/").unwrap_err();
    assert!(!refused.to_string().contains("hunter2"));
    for wrong in
        ["mirror.example", "ftp://mirror.example", "http://", "http://a b/", "http://x:99999/", "file:///etc/passwd"]
    {
        assert!(HttpUrl::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn names_and_paths_cannot_smuggle_anything_into_a_configuration_file() {
    for wrong in ["", "a b", "a\nb", "UPPER.example", "-a.example", "a..b", "1.2.3", "a_b", "x;y"] {
        assert!(HostName::parse(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "/", "relative", "/a/../b", "/a//b", "/a b", "/a\n", "/a;b", "/a/", "/a/$(x)"] {
        assert!(AbsolutePath::parse(wrong).is_err(), "{wrong}");
    }
    assert!(HostName::parse("fd00::1").unwrap().address().is_some());
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same_period(ms in 0_u64..10_000_000_000) {
        let period = Period::from_ms(ms);
        prop_assert_eq!(Period::parse(&period.to_string()).unwrap(), period);
    }

    #[test]
    fn no_text_makes_a_value_panic(text in "\\PC{0,40}") {
        let _ = (Quantity::parse(&text), Period::parse(&text), TimeOfDay::parse(&text), Cidr::parse(&text));
        let _ = (ImageReference::parse(&text), HttpUrl::parse(&text), HostName::parse(&text), AbsolutePath::parse(&text));
    }
}
