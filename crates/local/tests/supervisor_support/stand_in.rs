//! A program that answers in the place of a service and writes down what happens to it.
//!
//! `STAND_IN` names the service, `STAND_IN_NOTES` the file with its notes.

use std::{
    env,
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use tokio::signal::unix::{SignalKind, signal};

fn main() {
    let service = env::var("STAND_IN").expect("a service's name");
    let command = env::args().skip(1).collect::<Vec<_>>().join(" ");
    note(&service, &format!("starts {command:?}"));
    println!("hello from {service}");
    if command == "migrate" {
        return;
    }
    for (name, value) in env::vars() {
        note(&service, &format!("env {name}={value}"));
    }
    // Before it listens: whoever sees it ready may stop it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut terminated =
        runtime.block_on(async { signal(SignalKind::terminate()) }).expect("a handler");
    for name in ["HEALTH_ADDR", "APP_ADDR", "LISTEN_ADDR"] {
        if let Ok(address) = env::var(name) {
            let listener = TcpListener::bind(address).expect("a free port");
            thread::spawn(move || listener.incoming().flatten().for_each(answer));
        }
    }
    loop {
        runtime.block_on(terminated.recv());
        if env::var("STAND_IN_STUBBORN").is_ok() {
            note(&service, "ignores SIGTERM");
            continue;
        }
        let database = url::Url::parse(&env::var("DATABASE_URL").expect("a URL")).expect("a URL");
        let sidecar = env::var("DAPR_HTTP_PORT").expect("a port").parse().expect("a port");
        let there = |port| TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_ok();
        let (sidecar, database) = (there(sidecar), there(database.port().expect("a port")));
        note(&service, &format!("stops, sidecar {sidecar}, database {database}"));
        std::process::exit(0);
    }
}

fn answer(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let _read = stream.read(&mut request);
    let _written = stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\
          connection: close\r\n\r\n[]",
    );
}

/// A line is one write to a file that only grows: several processes write it.
fn note(service: &str, what: &str) {
    let path = env::var("STAND_IN_NOTES").expect("a path");
    let file = File::options().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(format!("{service} {what}\n").as_bytes()))
        .expect("a note");
}
