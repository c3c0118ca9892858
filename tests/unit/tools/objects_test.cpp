// Object stores, against a store of the test's own that checks who asks.
#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "shared/base/text/base64.hpp"
#include "shared/base/text/percent.hpp"
#include "support.hpp"
#include "tests/support/local_http.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "worker/tools/objects/object_tool.hpp"
#include "worker/tools/objects/signature.hpp"

using namespace noetl::tools;
using namespace noetl::tools::objects;

namespace {

// A store and a token endpoint: takes what is signed with its key pair, or has its token.
class Store {
 public:
  Store() {
    const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
    };
    http_.server.Put("/base/.*", handle);
    http_.server.Get("/base/.*", handle);
    http_.server.Delete("/base/.*", handle);
    http_.server.Post("/token", [this](const httplib::Request& request, httplib::Response& response) {
      ++tokens;
      assertion = request.get_param_value("assertion");
      response.status = is_refusing ? 400 : 200;
      response.set_content(
          is_refusing ? R"({"error":"invalid_grant"})" : R"({"access_token":"t0k3n","expires_in":3600})",
          "application/json");
    });
    http_.listen();
  }
  [[nodiscard]] std::string url(const std::string& path) const { return http_.url(path); }
  static SigningKey key() {
    return {.id = "AK", .secret = "a secret key", .session_token = {}, .region = "eu-north-1"};
  }

  std::atomic<int> tokens{0};
  std::atomic<bool> is_refusing{false};
  std::string assertion;
  std::map<std::string, httplib::Request> objects;

 private:
  // Signs the same request anew and compares.
  [[nodiscard]] bool is_known(const httplib::Request& request) const {
    if (request.get_header_value("Authorization") == "Bearer t0k3n") return true;
    HttpRequest again;
    again.method = request.method;
    again.url = *noetl::fetch::parse_url(url(request.target));
    again.body = request.body;
    if (request.has_header("Content-Type")) again.headers["content-type"] = request.get_header_value("Content-Type");
    std::tm at{};
    strptime(request.get_header_value("x-amz-date").c_str(), "%Y%m%dT%H%M%SZ", &at);
    sign(again, key(), std::chrono::system_clock::from_time_t(timegm(&at)));
    return again.headers["authorization"] == request.get_header_value("Authorization");
  }
  void answer(const httplib::Request& request, httplib::Response& response) {
    if (!is_known(request)) {
      response.status = 403;
      return response.set_content("<Error><Code>SignatureDoesNotMatch</Code></Error>", "application/xml");
    }
    const auto found = objects.find(request.target);
    if (request.method == "PUT") {
      objects[request.target] = request;
      response.set_header("ETag", "\"e1\"");
    } else if (found == objects.end()) {
      response.status = 404;
      response.set_content("<Error><Code>NoSuchKey</Code></Error>", "application/xml");
    } else if (request.method == "GET") {
      response.set_content(found->second.body, found->second.get_header_value("Content-Type").c_str());
    } else {
      objects.erase(found);
      response.status = 204;
    }
  }

  noetl::support::LocalHttp http_;
};

std::string made_private_key() {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<std::size_t>(length));
  BIO_free(out);
  EVP_PKEY_free(key);
  return pem;
}

struct Setup {
  Store store;
  ObjectTool s3{"s3", open_limits(1'000'000)};
  ObjectTool gcs{"gcs", open_limits(1'000'000)};

  ToolResult run(ObjectTool& tool, Json options, Json credential) const {
    Json all{
        {"kind", "s3"}, {"endpoint", store.url("/base")}, {"region", "eu-north-1"}, {"auth", std::move(credential)}};
    all.update(options);
    return tool.run(call_of(std::move(all)));
  }
  ToolResult with_key(Json options) {
    return run(s3, std::move(options), {{"access_key", "AK"}, {"secret_key", "a secret key"}});
  }
  [[nodiscard]] Json account(const std::string& private_key) const {
    return {{"client_email", "me@project"}, {"private_key", private_key}, {"token_uri", store.url("/token")}};
  }
};

}  // namespace

TEST_CASE("a signature is the one of Amazon's documented example") {
  HttpRequest request;
  request.url = *noetl::fetch::parse_url("https://examplebucket.s3.amazonaws.com/test.txt");
  request.headers["range"] = "bytes=0-9";
  std::tm at{};
  strptime("2013-05-24 00:00:00", "%Y-%m-%d %H:%M:%S", &at);

  sign(request,
       {.id = "AKIAIOSFODNN7EXAMPLE",
        .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        .session_token = {},
        .region = "us-east-1"},
       std::chrono::system_clock::from_time_t(timegm(&at)));

  CHECK(request.headers["authorization"] ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("with a key pair an object is put, read and deleted") {
  Setup setup;
  const std::string uri = "s3://bucket/a folder/ö&x.json";

  const ToolResult put = setup.with_key({{"uri", uri}, {"content", {{"a", 1}}}});
  REQUIRE_MESSAGE(!put.error, put.error->message);
  CHECK(Json::parse(put.result) == Json{{"status", "success"},
                                        {"bucket", "bucket"},
                                        {"key", "a folder/ö&x.json"},
                                        {"uri", uri},
                                        {"size", 7},
                                        {"etag", "\"e1\""}});
  CHECK(setup.store.objects.contains("/base/bucket/a%20folder/%C3%B6%26x.json"));
  const Json got = Json::parse(setup.with_key({{"action", "get"}, {"uri", uri}}).result);
  CHECK(got["data"] == Json{{"a", 1}});
  CHECK(got["content_type"] == "application/json");
  CHECK_FALSE(setup.with_key({{"action", "delete"}, {"bucket", "bucket"}, {"key", "a folder/ö&x.json"}}).error);
  CHECK(error_kind(setup.with_key({{"action", "get"}, {"uri", uri}})) == "not_found");
}

TEST_CASE("files are sent and written byte by byte") {
  Setup setup;
  const auto path = std::filesystem::temp_directory_path() / ("noetl-object-" + std::to_string(getpid()));
  const std::string bytes("\0\xFF\r\nx", 5);
  std::ofstream(path, std::ios::binary) << bytes;

  CHECK_FALSE(setup.with_key({{"uri", "s3://b/k"}, {"source", path.string()}}).error);
  CHECK(setup.store.objects.at("/base/b/k").body == bytes);
  CHECK(Json::parse(setup.with_key({{"action", "get"}, {"uri", "s3://b/k"}}).result)["data_b64"] ==
        noetl::base::base64_encoded(bytes));
  std::filesystem::remove(path);
  const Json written =
      Json::parse(setup.with_key({{"action", "get"}, {"uri", "s3://b/k"}, {"source", path.string()}}).result);
  CHECK(written["size"] == 5);
  std::ifstream file(path, std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == bytes);
  std::filesystem::remove(path);
}

TEST_CASE("a service account's key is exchanged for a token once, and the assertion is signed with it") {
  Setup setup;
  const std::string pem = made_private_key();
  const Json account = setup.account(pem);

  CHECK_FALSE(setup.run(setup.gcs, {{"uri", "gs://b/one"}, {"content", "1"}}, account).error);
  CHECK_FALSE(setup.run(setup.gcs, {{"uri", "gs://b/two"}, {"content", "2"}}, account).error);
  CHECK(setup.store.tokens == 1);
  CHECK(setup.store.objects.at("/base/b/two").body == "2");

  const std::string& assertion = setup.store.assertion;
  const std::size_t dot = assertion.rfind('.');
  const auto decoded = [](std::string text) {
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (text.size() % 4 != 0) text += '=';
    return *noetl::base::base64_decoded(text);
  };
  const Json claims = Json::parse(decoded(assertion.substr(assertion.find('.') + 1, dot - assertion.find('.') - 1)));
  CHECK(claims["iss"] == "me@project");
  CHECK(claims["aud"] == setup.store.url("/token"));
  const std::string signature = decoded(assertion.substr(dot + 1));
  BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
  CHECK(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(assertion.data()), dot) == 1);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(in);
}

TEST_CASE("the file that Google gives out may be one field of the credential, and a token may be given at once") {
  Setup setup;
  const Json inner{{"service_account_json", setup.account(made_private_key()).dump()}};
  CHECK_FALSE(setup.run(setup.gcs, {{"uri", "gs://b/one"}, {"content", "1"}}, inner).error);
  CHECK_FALSE(setup.run(setup.gcs, {{"uri", "gs://b/two"}, {"content", "2"}}, {{"token", "t0k3n"}}).error);
  CHECK(setup.store.tokens == 1);
}

TEST_CASE("who may not is told so, without a secret in the words") {
  Setup setup;
  const ToolResult wrong = setup.run(setup.s3, {{"uri", "s3://b/k"}, {"content", "x"}},
                                     {{"access_key", "AK"}, {"secret_key", "another key"}});
  CHECK(error_kind(wrong) == "auth");
  CHECK(wrong.error->message.find("another key") == std::string::npos);
  setup.store.is_refusing = true;
  const ToolResult refused =
      setup.run(setup.gcs, {{"uri", "gs://b/k"}, {"content", "x"}}, setup.account(made_private_key()));
  CHECK(error_kind(refused) == "auth");
  CHECK(error_kind(setup.run(setup.gcs, {{"uri", "gs://b/k"}, {"content", "x"}}, setup.account("no key"))) ==
        "invalid_input");
}

TEST_CASE("options that name no object, no content or nobody are refused") {
  Setup setup;
  CHECK(error_kind(setup.with_key({{"content", "x"}})) == "invalid_input");
  CHECK(error_kind(setup.with_key({{"uri", "s3://bucket"}, {"content", "x"}})) == "invalid_input");
  CHECK(error_kind(setup.with_key({{"uri", "s3://b/k"}})) == "invalid_input");
  CHECK(error_kind(setup.with_key({{"uri", "s3://b/k"}, {"action", "list"}})) == "invalid_input");
  CHECK(error_kind(setup.with_key({{"uri", "s3://b/k"}, {"source", "/no/such/file"}})) == "invalid_input");
  CHECK(error_kind(setup.run(setup.s3, {{"uri", "s3://b/k"}, {"content", "x"}}, {{"colour", "red"}})) ==
        "invalid_input");
  CHECK(error_kind(setup.s3.run(call_of({{"uri", "s3://b/k"}, {"content", "x"}}))) == "invalid_input");
}
