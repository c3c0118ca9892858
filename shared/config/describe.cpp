#include "shared/config/describe.hpp"

#include <utility>

namespace noetl::config {
namespace {

constexpr std::string_view introduction = R"(# Configuration

<!-- Written by `noetlctl config --markdown`. Change shared/config/settings_table.cpp, not this file. -->

Every setting can come from four places; the first that has it wins:

1. a flag: `noetlctl server start --port 9000`
2. the environment: `NOETL_PORT=9000`; a variable that is set but empty counts as not set
3. a file named by `--config` or `NOETL_CONFIG`: lines `port = 9000` with `#` comments, or one JSON object;
   TOML when its name ends with `.toml` ([below](#a-toml-file))
4. the default

`noetlctl config` prints the values in force and where each came from; it masks secrets. A wrong value stops the
program at start with the setting, the place it came from and what was expected.

Secrets are no flags, because every user of a machine sees the arguments of its processes. Put them into a variable, or into a
file that their `…-file` names, which children do not inherit. An address of Postgres or NATS may be a flag while it has no password.

Durations are written `500ms`, `5s`, `2m`, `1h`, `7d` (a bare number is seconds); sizes `65536`, `256KiB`, `1GiB`.

## A TOML file

A TOML file has a key for each setting, and sections for NATS. `subject_prefix` sets these settings, each to the prefix and its
last words here: `cluster-prefix` (`cluster`), `nats-subject` (`commands`), `session-subject` (`workflow.execute`),
`session-stream-subject` (`workflow.submit`) and `nats-events-subject` (`events`).

```toml
port = 9000

[nats]
url = "nats://localhost:4222"
subject_prefix = "noetl"

[nats.auth]                      # also: token, credentials, nkey
username = "noetl-server"
password = "secret"

[nats.tls]
ca = "/etc/noetl/ca.pem"         # also: certificate, key

[nats.retry]
max_reconnects = 0
reconnect_delay_ms = 200
max_reconnect_delay_ms = 1000

[nats.service]
name = "noetl-server"
version = "1.0.0"
description = "API server of the plant"
```
)";

void append_table(std::string& out, std::string_view title, unsigned programs) {
  out.append("\n## ").append(title).append("\n\n| setting | environment | default | expected | meaning |\n");
  out += "| --- | --- | --- | --- | --- |\n";
  for (const auto& setting : all_settings()) {
    if (setting.programs != programs) continue;
    std::string variables;
    for (const auto variable : setting.environment) {
      variables.append(variables.empty() ? "`" : ", `").append(variable).append("`");
    }
    out.append("| `").append(setting.name).append("` | ").append(variables).append(" | ");
    out += setting.default_value.empty() ? "" : "`" + std::string(setting.default_value) + "`";
    out.append(" | ").append(expectation(setting)).append(" | ").append(setting.help);
    out += setting.is_secret ? " Secret: never shown or logged. |\n" : " |\n";
  }
}

}  // namespace

std::string settings_as_markdown() {
  std::string out(introduction);
  append_table(out, "All programs", all_programs);
  append_table(out, "Server and worker", server | worker);
  append_table(out, "Server", server);
  append_table(out, "Worker", worker);
  append_table(out, "Worker and command line", worker | client);
  append_table(out, "Command line", client);
  return out;
}

std::string shown_value(const Setting& setting, const ResolvedValue& value) {
  return setting.is_secret && !value.value.empty() && value.origin != Origin::default_value ? "***" : value.value;
}

}  // namespace noetl::config
