// What a step did with a secret does not show it: not in its result, output, error, progress, events or kept files, in no form in
// which honest code writes it. Code that hides it on purpose (reversed, letter by letter) is not stopped: it has to be let see
// the bytes first.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/security/credential_steps.hpp"
#include "tests/support/local_http.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const std::string secret = "S3cret/Pass w0rd!+&\"<x>";
const std::string token = "tok_ABCDEFGH12345678";

// Every form of it that is looked for, made by Python's own libraries.
constexpr const char* all_forms = R"(
import base64, html, json, sys, urllib.parse as u
s = auth['password']
b = s.encode()
forms = {
  'plain': s, 'inside': '<' + s + '>', 'quote': u.quote(s), 'quote_all': u.quote(s, safe=''), 'plus': u.quote_plus(s),
  'lower': u.quote(s, safe='').replace('%2F', '%2f').replace('%2B', '%2b').replace('%3C', '%3c').replace('%3E', '%3e'),
  'b64': base64.b64encode(b).decode(), 'b64url': base64.urlsafe_b64encode(b).decode(),
  'basic': 'Basic ' + base64.b64encode(b'user:' + b).decode(), 'basic1': base64.b64encode(b'a:' + b + b'x').decode(),
  'basic2': base64.b64encode(b'ab:' + b + b'xy').decode(), 'json': json.dumps(s), 'json2': json.dumps(json.dumps({'a': s})),
  'hex': b.hex(), 'HEX': b.hex().upper(), 'html': html.escape(s), 'list': [s], 'repr': repr(s), s: 'as a name',
}
for value in forms.values(): print(value)
print(s, file=sys.stderr)
)";

// What must be nowhere: parts of the forms that are long enough to be no accident.
std::vector<std::string> traces() {
  return {"S3cret",         "Pass%20w0rd",     "Pass+w0rd",      "w0rd!",          "w0rd%21",    "UzNjcmV0L1Bhc3",
          "MzY3JldC9QYXNz", "TM2NyZXQvUGFzcy", "5333637265742f", "5333637265742F", "&quot;&lt;x"};
}

void check_clean(const std::string& text) {
  for (const auto& trace : traces()) {
    CAPTURE(trace);
    const auto at = text.find(trace);
    CHECK_MESSAGE(at == std::string::npos, text.substr(at < 60 ? 0 : at - 60, 200));
  }
  CHECK(text.find(token) == std::string::npos);
}

Json shown_credential() {
  return {{"name", "shown"},
          {"type", "basic"},
          {"data", {{"username", "somebody"}, {"password", secret}}},
          {"reveal", true},
          {"hosts", {"127.0.0.1"}}};
}

}  // namespace

TEST_CASE("a result, an output and an error have no form of a credential that the step was given") {
  const Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}, {"NOETL_LOG_LEVEL", "debug"}}});
  put_credential(stack, shown_credential());

  const Json done =
      run_tool(stack, {{"kind", "python"}, {"auth", "shown"}, {"code", std::string(all_forms) + "result = forms\n"}});
  CHECK_MESSAGE(done.at("status") == "done", done.dump(2));
  CHECK(done.at("result").at("inside") == "<***>");
  CHECK(done.at("result").at("list") == Json{"***"});
  const Json dead =
      run_tool(stack, {{"kind", "python"},
                       {"auth", "shown"},
                       {"code", std::string(all_forms) + "raise ValueError(s + ' ' + forms['b64'] + repr([s]))\n"}});
  CHECK(dead.at("status") == "dead");
  CHECK_MESSAGE(dead.at("error").dump().find("***") != std::string::npos, dead.dump(2));
  const Json user = run_tool(stack, {{"kind", "python"}, {"auth", "shown"}, {"code", "result = auth"}});
  CHECK(user.at("result") == Json{{"username", "somebody"}, {"password", "***"}});

  check_clean(done.dump());
  check_clean(dead.dump());
  check_clean(everything_stored(stack));
}

TEST_CASE("an API that echoes what it was sent stores no token, be it in the answer or in a body that is kept apart") {
  LocalHttp peer;
  peer.server.Get(".*", [](const httplib::Request& request, httplib::Response& response) {
    Json seen;
    for (const auto& [name, value] : request.headers) seen[name] = value;
    response.set_header("X-Echo", request.get_header_value("Authorization"));
    response.set_content(seen.dump(), "application/json");
  });
  peer.listen();
  const Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(stack, {{"name", "here"}, {"type", "bearer"}, {"data", {{"token", token}}}, {"hosts", {"127.0.0.1"}}});
  put_credential(stack, shown_credential());

  const Json bearer = run_tool(stack, {{"kind", "http"}, {"url", peer.url("/")}, {"auth", "here"}});
  CHECK_MESSAGE(bearer.at("result").at("data").at("authorization") == "Bearer ***", bearer.dump(2));
  const Json basic = run_tool(stack, {{"kind", "http"}, {"url", peer.url("/")}, {"auth", "shown"}});
  CHECK_MESSAGE(basic.at("status") == "done", basic.dump(2));
  check_clean(bearer.dump() + basic.dump());

  const auto execution = run_playbook(
      stack, one_step("kept", "", "      {kind: http, url: '" + peer.url("/") + "', auth: here, stream: true}\n"));
  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  check_clean(everything_stored(stack));
  // A kept body is base64: the token at each place in a group of three bytes.
  for (const char* form : {"dG9rX0FCQ0RFRkdIMTIzNDU2Nz", "Rva19BQkNERUZHSDEyMzQ1Njc4", "0b2tfQUJDREVGR0gxMjM0NTY3O"})
    CHECK(everything_stored(stack).find(form) == std::string::npos);
  CHECK(stack.sql_number("select count(*) from noetl.result r where r::text like '%base64%'") >= 1);
}

TEST_CASE("an honest playbook's error shows the template of a url and not what was rendered into it") {
  const Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(stack, shown_credential());

  for (const char* filter : {"urlencode", "reverse | urlencode", "upper | urlencode"}) {
    CAPTURE(filter);
    const auto execution =
        run_playbook(stack, one_step("url", "  - {name: k, kind: credential, credential: shown, map: {p: password}}\n",
                                     std::string("      {kind: http, url: 'http://127.0.0.1:1/{{ keychain.k.p | ") +
                                         filter + " }}', headers: {A: b}}\n"));
    CHECK(execution.at("status") == "FAILED");
    CHECK_MESSAGE(execution.at("error").dump().find("http://127.0.0.1:1/{{ keychain.k.p") != std::string::npos,
                  execution.dump(2));
    check_clean(execution.dump());
  }
  const auto everywhere = everything_stored(stack);
  check_clean(everywhere);
  CHECK(everywhere.find("dr0w") == std::string::npos);
  CHECK(everywhere.find("S3CRET") == std::string::npos);
}

TEST_CASE("what a step says while it runs is masked before it is told") {
  const TemporaryFolder folder("noetl-masked");
  const Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(stack, shown_credential());
  const std::string go = (folder.path() / "go").string();
  const auto path =
      stack.register_playbook(one_step("told", "",
                                       "      kind: python\n      auth: shown\n      code: |\n"
                                       "        import os, time, base64\n"
                                       "        while not os.path.exists('" +
                                           go +
                                           "'):\n"
                                           "            print('using', auth['password'], "
                                           "base64.b64encode(auth['password'].encode()).decode(), flush=True)\n"
                                           "            time.sleep(0.05)\n"
                                           "        result = 1\n"));
  const auto id = stack.execute(path, Json::object());

  wait_until("something was told", 20s, [&] {
    return stack.sql_number(
               "select count(*) from noetl.event where event_type like 'command.log%' or event_type = "
               "'command.progress'") > 0;
  });
  const auto events = everything_stored(stack);
  run_program({.command = {"touch", go}, .env = {}, .log_file = {}, .work_folder = {}, .user = {}}, 5s);
  static_cast<void>(stack.wait_for_execution(id));

  CHECK(events.find("using ***") != std::string::npos);
  check_clean(everything_stored(stack));
}
