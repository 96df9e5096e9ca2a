//! What nginx is told, and that no setting tells it anything else.

use super::*;
use crate::cache;
use proptest::prelude::*;

fn site() -> Site {
    Site { digest: "0123".to_owned(), ..Site::default() }
}

/// The configuration's directives, without comments and without what is the same for all.
fn check(site: &Site, settings: &Settings, root: &str) -> String {
    let root = Root::of(root);
    let text = Config::new("/workspace", &root, site, settings).unwrap().to_string();
    text.strip_prefix(COMMON).unwrap().to_owned()
}

#[test]
fn a_site() {
    insta::assert_snapshot!(check(&site(), &Settings::default(), "public"), @r#"
    map $uri $lifetime {
        default "no-cache";
        "~^/(_next/static|_app/immutable|_astro|_nuxt)/." "public, max-age=31536000, immutable";
        "~[.-](?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,64}(\.(?!html?$)[0-9A-Za-z_]{1,16}){1,3}$" "public, max-age=31536000, immutable";
        "~[.-](?=[^/]{0,7}[0-9])(?=[^/]{0,7}[A-Z])[0-9A-Za-z_-]{8}\.(js|mjs|css|wasm)(\.map)?$" "public, max-age=31536000, immutable";
    }
    map $status $cache_control {
        default $lifetime;
        "~^30[1278]$" "no-cache";
    }
    map $status $validator {
        default "";
        "~^(200|206|304)$" "W/\"0123\"";
    }
    map "$request_method $http_if_none_match" $is_known {
        default 0;
        "~^(GET|HEAD) .*\"0123\"" 1;
    }

    server {
        include listen.conf;
        server_name _;
        root "/workspace/public";
        index index.html;

        add_header X-Content-Type-Options "nosniff" always;
        add_header Cache-Control $cache_control;
        add_header ETag $validator;
        add_header Last-Modified "";

        error_page 418 = @known;
        if ($is_known) {
            return 418;
        }
        location @known {
            types {
            }
            default_type "";
            return 304;
        }

        location ~ "/\.(?!well-known/)" {
            return 404;
        }
        error_page 403 =404 @missing;
        location / {
            try_files $uri $uri.html $uri/ =404;
        }
        location @missing {
            return 404;
        }
    }
    "#);
}

#[test]
fn a_site_with_everything() {
    let site = Site { has_missing_page: true, has_compressed: true, has_index: true, ..site() };
    let cache = cache::parse("*.pdf = public, max-age=60; /a\"b/ = no-store").unwrap();
    let settings = Settings { push_state: true, force_https: true, cache, ..Settings::default() };
    insta::assert_snapshot!(check(&site, &settings, ""), @r#"
    gzip_static on;

    map $uri $lifetime {
        default "no-cache";
        "~/[^/]*\x2epdf$" "public, max-age=60";
        "~^/a\x22b/" "no-store";
        "~^/(_next/static|_app/immutable|_astro|_nuxt)/." "public, max-age=31536000, immutable";
        "~[.-](?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,64}(\.(?!html?$)[0-9A-Za-z_]{1,16}){1,3}$" "public, max-age=31536000, immutable";
        "~[.-](?=[^/]{0,7}[0-9])(?=[^/]{0,7}[A-Z])[0-9A-Za-z_-]{8}\.(js|mjs|css|wasm)(\.map)?$" "public, max-age=31536000, immutable";
    }
    map $status $cache_control {
        default $lifetime;
        "~^30[1278]$" "no-cache";
    }
    map $status $validator {
        default "";
        "~^(200|206|304)$" "W/\"0123\"";
    }
    map "$request_method $http_if_none_match" $is_known {
        default 0;
        "~^(GET|HEAD) .*\"0123\"" 1;
    }
    map $http_x_forwarded_proto $is_insecure {
        default 1;
        "~*^https\b" 0;
    }

    server {
        include listen.conf;
        server_name _;
        root "/workspace";
        index index.html;

        add_header X-Content-Type-Options "nosniff" always;
        add_header Cache-Control $cache_control;
        add_header ETag $validator;
        add_header Last-Modified "";

        if ($is_insecure) {
            return 301 https://$host$request_uri;
        }
        error_page 418 = @known;
        if ($is_known) {
            return 418;
        }
        location @known {
            types {
            }
            default_type "";
            return 304;
        }

        location ~ "/\.(?!well-known/)" {
            return 404;
        }
        location ~ "(?i)^/(Procfile|Dockerfile|Makefile|(buildpack|project|wattle|netlify)\.toml|(package|package-lock|npm-shrinkwrap|tsconfig|composer|vercel)\.json|(yarn|pnpm-lock|bun|composer|Gemfile|Cargo|poetry)\.(lock|lockb|yaml)|(docker-)?compose\.ya?ml|Gemfile|_config\.yml)$" {
            return 404;
        }
        error_page 403 =200 /index.html;
        location / {
            try_files $uri $uri.html $uri/ /index.html;
        }
        location ~ "^/(_next/static|_app/immutable|_astro|_nuxt)/." {
            try_files $uri =404;
        }
        location ~ "[.-](?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,64}(\.(?!html?$)[0-9A-Za-z_]{1,16}){1,3}$" {
            try_files $uri =404;
        }
        location ~ "[.-](?=[^/]{0,7}[0-9])(?=[^/]{0,7}[A-Z])[0-9A-Za-z_-]{8}\.(js|mjs|css|wasm)(\.map)?$" {
            try_files $uri =404;
        }
        error_page 404 /404.html;
        location = /404.html {
            internal;
        }
    }
    "#);
}

/// Words as nginx reads them; `;`, `{` and `}` outside of quotation marks are words of their own.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(first) = characters.next() {
        match first {
            '#' => while characters.next_if(|c| *c != '\n').is_some() {},
            ';' | '{' | '}' => words.push(first.to_string()),
            '"' => {
                let mut word = String::from('"');
                while let Some(c) = characters.next().filter(|c| *c != '"') {
                    word.push(c);
                    if c == '\\' {
                        word.extend(characters.next());
                    }
                }
                words.push(word);
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = String::from(c);
                while let Some(c) = characters.next_if(|c| !c.is_whitespace() && !";{}".contains(*c)) {
                    word.push(c);
                }
                words.push(word);
            }
        }
    }
    words
}

/// The words, each with quotation marks replaced by one word, and the number of them with variables.
fn shape(text: &str) -> (Vec<String>, usize) {
    let words = words(text);
    let variables = words.iter().filter(|word| word.contains('$') && !word.starts_with("\"~")).count();
    let shape = words.into_iter().map(|word| if word.starts_with('"') { "\"\"".to_owned() } else { word });
    (shape.collect(), variables)
}

proptest! {
    /// Whatever rules say that are taken: nginx sees as many maps, directives and variables as for harmless ones.
    #[test]
    fn rules_stay_where_they_belong(text in r#"([/*a-z"'\\${};#~ü ]{1,12} ?= ?(public|max-age=1|[a-z"'\\${} =]{1,12})[;\n]){1,3}"#) {
        let cache = cache::parse(&text).unwrap_or_default();
        let harmless = cache.iter().map(|_| "/a = public\n").collect::<String>();
        let told = check(&site(), &Settings { cache, ..Settings::default() }, "public");
        let cache = cache::parse(&harmless).unwrap();
        let harmless = check(&site(), &Settings { cache, ..Settings::default() }, "public");
        prop_assert_eq!(shape(&told), shape(&harmless));
    }

    /// Whatever the folder is called: it is one word, and that word is the folder.
    #[test]
    fn a_folder_is_one_word(name in r#"[a-z"'\\$ {};#~\n\u{7f}ü.]{1,9}"#) {
        let root = Root::of(&name);
        let (site, settings) = (site(), Settings::default());
        if let Ok(config) = Config::new("/workspace", &root, &site, &settings) {
            let text = config.to_string();
            prop_assert_eq!(shape(&text), shape(&Config::new("/workspace", &Root::of("a"), &site, &settings).unwrap().to_string()));
            let word = format!("\"/workspace/{name}");
            prop_assert!(words(&text).contains(&word));
        }
    }
}
