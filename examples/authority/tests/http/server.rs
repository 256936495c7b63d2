use std::{
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use evergrant_authority::{
    Authority, BASIC_CLIENT, Config, POST_CLIENT, RegistrationError, StartError,
};

use crate::client::*;

fn listening(on: &str) -> Result<Authority, StartError> {
    Authority::start(Config { listen: on.parse().unwrap(), ..Config::default() })
}

#[test]
fn only_loopback_addresses() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:127.0.0.1]:0"] {
        let refused = listening(address).unwrap_err();
        assert!(matches!(refused, StartError::NotLoopback(a) if a == address.parse().unwrap()));
        assert!(refused.to_string().contains("not a loopback address"));
    }
    assert!(listening("127.0.0.1:0").unwrap().base_url().starts_with("http://127.0.0.1:"));
}

#[test]
fn a_taken_port_and_an_unsound_client_are_errors() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert!(matches!(listening(&address), Err(StartError::Io(_))));

    let mut config = Config::default();
    config.clients.push(config.clients[0].clone());
    let refused = Authority::start(config).unwrap_err();
    assert!(matches!(refused, StartError::Client(RegistrationError::Taken)));
}

#[test]
fn a_drop_stops_it_even_with_a_request_half_sent() {
    let world = World::new();
    world.connect(BASIC_CLIENT);
    let address: SocketAddr =
        world.authority.base_url().trim_start_matches("http://").parse().unwrap();
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf")
        .unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let control = world.authority.control();
    let started = Instant::now();
    drop(world);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(control.stats().code_exchanges_ok, 1, "the handle outlives the server");
}

#[test]
fn debug_keeps_secrets() {
    let config = Config::default();
    let printed = format!("{config:?} {BASIC_CLIENT:?} {POST_CLIENT:?}");
    for client in [BASIC_CLIENT, POST_CLIENT] {
        assert!(printed.contains(client.id));
        assert!(!printed.contains(client.secret.unwrap()));
    }
    let authority = Authority::start(config).unwrap();
    let printed = format!("{authority:?} {:?}", authority.control());
    assert!(printed.contains(authority.base_url()) && !printed.contains("s3cret"));
}
