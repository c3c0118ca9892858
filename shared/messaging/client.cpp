#include "shared/messaging/client.hpp"

#include <nlohmann/json.hpp>

#include "shared/base/text/base64.hpp"
#include "shared/nats/jetstream.hpp"

namespace noetl::messaging {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

// Names of consumers that end by themselves last as long without a question.
constexpr std::int64_t idle_nanoseconds = 60'000'000'000;

Result<Json> call(nats::Connection& connection, const std::string& api, const Json& body, milliseconds patience) {
  const auto subject = nats::Subject::parse("$JS.API." + api);
  if (!subject) return failure(failure_of(subject.error(), FailureKind::settings));
  const auto answer = connection.request(*subject, body.dump(), patience);
  if (!answer)
    return failure(
        failure_of(answer.error(), connection.is_connected() ? FailureKind::subscribe : FailureKind::connect));
  auto parsed = Json::parse(*answer, nullptr, false);
  if (!parsed.is_object())
    return failure(FailureKind::serialization, "JetStream's answer to " + api + " is no JSON object");
  if (const auto error = parsed.find("error"); error != parsed.end() && error->is_object()) {
    const int code = error->value("err_code", 0);
    return failure(Failure{.kind = FailureKind::subscribe,
                           .message = "JetStream refused " + api + ": " + error->value("description", "?") +
                                      " [JetStream error " + std::to_string(code) + "]",
                           .subject = {},
                           .jetstream_code = code});
  }
  return parsed;
}

}  // namespace

Result<std::shared_ptr<nats::Connection>> connect(const nats::ConnectionSettings& settings, milliseconds patience) {
  auto opened = nats::Connection::open(settings);
  if (!opened) return failure(failure_of(opened.error(), FailureKind::connect));
  std::shared_ptr<nats::Connection> connection = std::move(*opened);
  if (connection->wait_connected(patience)) return connection;
  if (connection->is_closed())
    return failure(FailureKind::auth, "NATS at " + connection->shown_url() + " refused the login");
  return failure(FailureKind::connect, "NATS at " + connection->shown_url() + " was not reached within " +
                                           std::to_string(patience.count()) + " ms");
}

Result<StreamFacts> find_stream(nats::Connection& connection, const std::string& stream, milliseconds patience) {
  if (const auto checked = nats::check_name("stream", stream); !checked)
    return failure(failure_of(checked.error(), FailureKind::settings));
  const auto found = call(connection, "STREAM.INFO." + stream, Json::object(), patience);
  if (!found) return failure(found.error());
  const auto state = found->value("state", Json::object());
  StreamFacts facts{.made_at = found->value("created", ""),
                    .first_sequence = state.value("first_seq", std::uint64_t{0}),
                    .last_sequence = state.value("last_seq", std::uint64_t{0})};
  if (state.value("messages", std::uint64_t{0}) == 0) facts.first_sequence = facts.last_sequence + 1;
  return facts;
}

Result<std::string> make_reading_consumer(nats::Connection& connection, const std::string& stream,
                                          const std::string& filter, std::uint64_t from, milliseconds patience) {
  if (const auto checked = nats::check_name("stream", stream); !checked)
    return failure(failure_of(checked.error(), FailureKind::settings));
  Json config{{"deliver_policy", "by_start_sequence"},
              {"opt_start_seq", from},
              {"ack_policy", "none"},
              {"replay_policy", "instant"},
              {"max_deliver", 1},
              {"num_replicas", 1},
              {"mem_storage", true},
              {"inactive_threshold", idle_nanoseconds}};
  if (!filter.empty()) config["filter_subject"] = filter;
  const auto made =
      call(connection, "CONSUMER.CREATE." + stream, {{"stream_name", stream}, {"config", config}}, patience);
  if (!made) return failure(made.error());
  return made->value("name", "");
}

Result<std::string> header_at(nats::Connection& connection, const std::string& stream, std::uint64_t sequence,
                              const std::string& name, milliseconds patience) {
  if (const auto checked = nats::check_name("stream", stream); !checked)
    return failure(failure_of(checked.error(), FailureKind::settings));
  constexpr int no_message_found = 10037;
  const auto found = call(connection, "STREAM.MSG.GET." + stream, {{"seq", sequence}}, patience);
  if (!found && found.error().jetstream_code == no_message_found) return std::string();
  if (!found) return failure(found.error());
  const auto block = base::base64_decoded(found->value("message", Json::object()).value("hdrs", ""));
  // "NATS/1.0\r\nname: value\r\n…"
  const std::string text = block ? *block : std::string();
  const auto at = text.find("\r\n" + name + ':');
  if (at == std::string::npos) return std::string();
  const auto begin = text.find_first_not_of(' ', at + name.size() + 3);
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

Result<void> ensure_stream(nats::Connection& connection, const std::string& stream,
                           const std::vector<std::string>& subjects, milliseconds patience) {
  nats::JetStream jetstream(connection, patience);
  const auto made = jetstream.ensure_stream({.name = stream, .subjects = subjects});
  if (!made)
    return failure(failure_of(made.error(), connection.is_connected() ? FailureKind::publish : FailureKind::connect));
  return {};
}

}  // namespace noetl::messaging
