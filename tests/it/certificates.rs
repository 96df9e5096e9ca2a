//! Certificates that a service binding brings: programs of a started image verify a server whose authority nobody else knows.

use crate::run_image::TinyRunImage;
use crate::wattle;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use wattle_test_support::{Bundle, Files, Output, run};

const USER: u32 = 123_456;
/// What each program says if it trusts the server.
const TRUSTED: &str = "curl: here\nnode: here\nopenssl: server.pem: OK\npython: here\n";

/// Serves by TLS, and has four programs ask it.
const INDEX: &str = r"
const { spawn } = require('child_process'), fs = require('fs'), https = require('https');
const server = { key: fs.readFileSync('server.key'), cert: fs.readFileSync('server.pem') };
const said = [];
const say = (who, what) => {
    said.push(`${who}: ${what}`);
    if (said.length == 4) { console.log(said.sort().join('\n')); process.exit(); }
};
const ask = (who, ...words) => {
    let text = '';
    const program = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    program.stdout.on('data', data => text += data).on('end', () => say(who, text.trim() || 'no'));
};
const listening = https.createServer(server, (_, answer) => answer.end('here')).listen(0, '127.0.0.1', () => {
    const url = `https://127.0.0.1:${listening.address().port}/`;
    https.get(url, answer => answer.on('data', data => say('node', data))).on('error', error => say('node', error.code));
    ask('curl', 'curl', '--silent', '--show-error', url);
    ask('openssl', 'openssl', 'verify', 'server.pem');
    ask('python', 'python3', '-c', `
import ssl, sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())
assert len(ssl.create_default_context().get_ca_certs()) > 100, 'those of the system are not trusted any more'
`, url);
});
";

/// A private authority with a server, and bindings that have its certificate.
struct Authority {
    /// Is the application too.
    files: Files,
    bindings: Files,
}

impl Authority {
    fn new() -> Authority {
        let files = Files::of([("package.json", "{}"), ("index.js", INDEX)]);
        let path = |name: &str| files.join(name).to_string_lossy().into_owned();
        let make = |name: &str, more: &[&str]| {
            let (key, certificate) = (path(&format!("{name}.key")), path(&format!("{name}.pem")));
            let new =
                ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
            run("openssl", new.iter().chain(&["-keyout", &key, "-out", &certificate]).chain(more).copied());
        };
        make("authority", &["-subj", "/O=Corp/CN=Corp  Root"]);
        let signed = ["-CA", &path("authority.pem"), "-CAkey", &path("authority.key"), "-subj", "/O=Corp/CN=server"];
        make("server", &[&signed[..], &["-addext", "subjectAltName=IP:127.0.0.1"]].concat());
        let bindings =
            Files::new().with("corp/type", "ca-certificates").with("corp/ca.crt", files.read("authority.pem"));
        // Not for us alone, as the container has another user.
        fs::set_permissions(bindings.path(), Permissions::from_mode(0o755)).unwrap();
        Authority { files, bindings }
    }

    /// The application, built with these arguments besides.
    fn build(&self, args: &[&str]) -> Bundle {
        let output = Files::new();
        let call = wattle().args(["build", "--package", "curl", "--package", "openssl", "--package", "python3"]);
        let call = call.args(args).args(["--output", &format!("oci:{}", output.join("image").display())]);
        call.arg(self.files.path()).run().succeeds();
        Bundle::unpack(&output.join("image"), "latest").with_user(USER)
    }

    /// Started with the bindings.
    fn bound(&self, bundle: Bundle) -> Bundle {
        bundle.with_directory(self.bindings.path(), "/bindings").with_variable("SERVICE_BINDING_ROOT", "/bindings")
    }
}

fn started(bundle: &Bundle) -> Output {
    bundle.run([])
}

#[test]
fn b80_b81_what_is_bound_when_an_image_is_started_is_trusted() {
    let authority = Authority::new();
    let image = authority.build(&[]);
    let unknown = started(&image).succeeds().stdout;
    insta::assert_snapshot!(unknown, @"
    curl: no
    node: UNABLE_TO_VERIFY_LEAF_SIGNATURE
    openssl: no
    python: no
    ");
    // There is no `/tmp`: the first place that can be written is memory that is shared.
    let image = authority.bound(image);
    let output = started(&image).succeeds();
    assert_eq!(output.stdout, TRUSTED, "{}", output.stderr);
    assert_eq!(output.stderr.lines().next(), Some("ca-certificates: found 1 certificate in the binding `corp`"));
    let image = image.with_tmp();
    assert_eq!(started(&image).succeeds().stdout, TRUSTED);

    fs::write(authority.bindings.join("corp/ca.crt"), "damaged").unwrap();
    insta::assert_snapshot!(started(&image).fails(82).stderr, @"
    error: `/bindings/corp/ca.crt` has no certificate: no line is `-----BEGIN CERTIFICATE-----`
    error: the `exec.d` program `/layers/wattle_ca-certificates/start/exec.d/ca-certificates` failed: it ended with exit code 1
    ");
}

#[test]
fn what_is_bound_when_an_image_is_built_can_be_part_of_it() {
    let authority = Authority::new();
    let binding = format!("corp={}", authority.bindings.join("corp").display());
    let embed = ["--env", "BP_EMBED_CERTS=true", "--env", "BP_RUNTIME_CERT_BINDING_DISABLED=true"];
    let image = authority.build(&[&embed[..], &["--binding", &binding]].concat());
    assert_eq!(started(&image).succeeds().stdout, TRUSTED);
}

#[test]
fn l16_where_nothing_can_be_written_the_start_ends() {
    let authority = Authority::new();
    let (application, output, run_image) = (Files::of([("Procfile", "web: serve")]), Files::new(), TinyRunImage::new());
    let call = wattle().args(["build", "--run-image", &run_image.name(), "--output"]);
    call.arg(format!("oci:{}", output.join("image").display())).arg(application.path()).run().succeeds();
    let image = Bundle::unpack(&output.join("image"), "latest").with_user(USER).without_mount("/dev/shm");
    insta::assert_snapshot!(started(&authority.bound(image)).fails(82).stderr, @"
    ca-certificates: found 1 certificate in the binding `corp`
    error: the bound certificates cannot be written anywhere, which programs need to find them (`/tmp`: No such file or directory (os error 2); `/dev/shm`: No such file or directory (os error 2)): mount a tmpfs at `/tmp`, or have `TMPDIR` name a directory that can be written
    error: the `exec.d` program `/layers/wattle_ca-certificates/start/exec.d/ca-certificates` failed: it ended with exit code 1
    ");
}

#[test]
fn images_for_arm64_have_their_own_program() {
    let (application, output) = (Files::of([("Procfile", "web: true")]), Files::new());
    let call = wattle().args(["build", "--platform", "linux/arm64", "--output"]);
    call.arg(format!("oci:{}", output.join("image").display())).arg(application.path()).run().succeeds();
    let image = Bundle::unpack(&output.join("image"), "latest");
    let program = "/layers/wattle_ca-certificates/start/exec.d/ca-certificates";
    let output = image.emulate([program]).succeeds();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
}
