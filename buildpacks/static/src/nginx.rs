//! The configuration of nginx, less what only the container knows (`serve.sh` writes that).

use crate::cache::Rule;
use crate::root::Root;
use crate::settings::Settings;
use crate::site::Site;
use std::fmt;
use wattle_buildpack::{Error, Result};

/// What the configuration depends on. Displays as its text.
#[derive(Debug)]
pub(crate) struct Config<'a> {
    /// Where the site is in the image; nothing in it means anything to nginx between quotation marks.
    root: String,
    is_application: bool,
    site: &'a Site,
    settings: &'a Settings,
}

/// What a site is made with, of no use to its visitors: never served from the application itself.
const PRIVATE: &str = r"(?i)^/(Procfile|Dockerfile|Makefile|(buildpack|project|wattle|netlify)\.toml|(package|package-lock|npm-shrinkwrap|tsconfig|composer|vercel)\.json|(yarn|pnpm-lock|bun|composer|Gemfile|Cargo|poetry)\.(lock|lockb|yaml)|(docker-)?compose\.ya?ml|Gemfile|_config\.yml)$";

/// Names that change with their contents: whatever such a path is, it is that for ever.
const FINGERPRINTED: [&str; 3] = [
    // Folders whose files are all named by their contents or by the build: Next.js, SvelteKit, Astro, Nuxt.
    r"^/(_next/static|_app/immutable|_astro|_nuxt)/.",
    // `app.3f9a1c2b.js`, `logo-3f9a1c2b.min.svg`: eight or more hexadecimal digits, with figures and letters among them.
    r"[.-](?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,64}(\.(?!html?$)[0-9A-Za-z_]{1,16}){1,3}$",
    // `index-BkX3d_9a.js`, `app-4KQ2XJ7P.css`: what Vite and esbuild write, for programs and styles alone, with figures and
    // capital letters among them, since words and dates look much the same.
    r"[.-](?=[^/]{0,7}[0-9])(?=[^/]{0,7}[A-Z])[0-9A-Za-z_-]{8}\.(js|mjs|css|wasm)(\.map)?$",
];

const FOR_EVER: &str = "public, max-age=31536000, immutable";

impl<'a> Config<'a> {
    /// `app` is where the application is in the image.
    pub(crate) fn new(app: &str, root: &Root, site: &'a Site, settings: &'a Settings) -> Result<Self> {
        let is_application = root.is_application();
        let root = if is_application { app.to_owned() } else { format!("{app}/{}", root.folder()) };
        if root.chars().any(|c| c.is_control() || "\"\\$".contains(c)) {
            let summary = format!("the folder `{}` cannot be written for nginx", root.escape_debug());
            return Err(Error::internal("static/root/unwritable", summary));
        }
        Ok(Self { root, is_application, site, settings })
    }

    fn write_caching(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("map $uri $lifetime {\n    default \"no-cache\";\n")?;
        for Rule { expression, value } in &self.settings.cache {
            writeln!(f, "    \"~{expression}\" \"{value}\";")?;
        }
        for expression in FINGERPRINTED {
            writeln!(f, "    \"~{expression}\" \"{FOR_EVER}\";")?;
        }
        f.write_str("}\n")?;
        f.write_str(CACHING.replace("DIGEST", &self.site.digest).as_str())
    }

    fn write_server(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("server {\n    include listen.conf;\n    server_name _;\n")?;
        writeln!(f, "    root \"{}\";\n    index index.html;\n", self.root)?;
        f.write_str("    add_header X-Content-Type-Options \"nosniff\" always;\n")?;
        f.write_str("    add_header Cache-Control $cache_control;\n    add_header ETag $validator;\n")?;
        f.write_str("    add_header Last-Modified \"\";\n\n")?;
        if self.settings.force_https {
            f.write_str("    if ($is_insecure) {\n        return 301 https://$host$request_uri;\n    }\n")?;
        }
        f.write_str(KNOWN)?;
        f.write_str("    location ~ \"/\\.(?!well-known/)\" {\n        return 404;\n    }\n")?;
        if self.is_application {
            writeln!(f, "    location ~ \"{PRIVATE}\" {{\n        return 404;\n    }}")?;
        }
        self.write_missing(f)?;
        f.write_str("}\n")
    }

    /// What becomes of paths that are not there, and of folders without an `index.html`, which nginx forbids.
    fn write_missing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Site { has_missing_page, .. } = *self.site;
        let (last, forbidden) = match self.settings.push_state {
            true => ("/index.html", "=200 /index.html"),
            false if has_missing_page => ("=404", "=404 /404.html"),
            false => ("=404", "=404 @missing"),
        };
        writeln!(f, "    error_page 403 {forbidden};")?;
        writeln!(f, "    location / {{\n        try_files $uri $uri.html $uri/ {last};\n    }}")?;
        if self.settings.push_state {
            // A page in place of a script that a new version does not have any more would be kept for ever.
            for expression in FINGERPRINTED {
                writeln!(f, "    location ~ \"{expression}\" {{\n        try_files $uri =404;\n    }}")?;
            }
        }
        if has_missing_page {
            f.write_str("    error_page 404 /404.html;\n    location = /404.html {\n        internal;\n    }\n")?;
        } else if !self.settings.push_state {
            f.write_str("    location @missing {\n        return 404;\n    }\n")?;
        }
        Ok(())
    }
}

impl fmt::Display for Config<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(COMMON)?;
        if self.site.has_compressed {
            f.write_str("gzip_static on;\n")?;
        }
        f.write_str("\n")?;
        self.write_caching(f)?;
        if self.settings.force_https {
            f.write_str("map $http_x_forwarded_proto $is_insecure {\n    default 1;\n    \"~*^https\\b\" 0;\n}\n")?;
        }
        f.write_str("\n")?;
        self.write_server(f)
    }
}

/// What is the same for all sites.
const COMMON: &str = r"# Made by wattle/static.
include /etc/nginx/mime.types;
types {
    application/json map;
    application/manifest+json webmanifest;
    text/javascript mjs;
    text/markdown md;
}
default_type application/octet-stream;
charset utf-8;
charset_types
    application/atom+xml application/javascript application/rss+xml image/svg+xml text/css text/javascript text/markdown
    text/plain text/xml;

sendfile on;
tcp_nopush on;
server_tokens off;
absolute_redirect off;

# Every file in an image has the same date, of which nginx would make its validators.
etag off;
if_modified_since off;

gzip on;
gzip_comp_level 5;
gzip_min_length 1024;
gzip_proxied any;
gzip_vary on;
gzip_types
    application/atom+xml application/javascript application/json application/manifest+json application/rss+xml
    application/vnd.ms-fontobject application/wasm application/xml font/otf font/ttf image/svg+xml image/x-icon text/css
    text/javascript text/markdown text/plain text/xml;
";

/// nginx would name a type for what it does not send, and caches would believe it; 418 is only the way there.
const KNOWN: &str = r#"    error_page 418 = @known;
    if ($is_known) {
        return 418;
    }
    location @known {
        types {
        }
        default_type "";
        return 304;
    }

"#;

/// One validator for all paths: whoever has a path of this very site has it as it is. It is weak, because what is
/// compressed has it too. Neither it nor a lifetime is for a redirection.
const CACHING: &str = r#"map $status $cache_control {
    default $lifetime;
    "~^30[1278]$" "no-cache";
}
map $status $validator {
    default "";
    "~^(200|206|304)$" "W/\"DIGEST\"";
}
map "$request_method $http_if_none_match" $is_known {
    default 0;
    "~^(GET|HEAD) .*\"DIGEST\"" 1;
}
"#;

#[cfg(test)]
mod tests;
