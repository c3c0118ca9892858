#include "shared/fetch/message.hpp"

#include <algorithm>

#include "shared/base/text/ascii.hpp"
#include "shared/base/text/base64.hpp"

namespace noetl::fetch {

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

std::optional<Token> Token::of(std::string text) {
  return is_token(text) ? std::optional(Token(std::move(text))) : std::nullopt;
}

std::optional<HeaderValue> HeaderValue::of(std::string text) {
  return is_header_value(text) ? std::optional(HeaderValue(std::move(text))) : std::nullopt;
}

base::Result<void> check_login(const std::string& user, const std::string& password) {
  if (user.find(':') != std::string::npos)
    return base::failure(base::ErrorCode::invalid_input,
                         "the user of a basic login has a colon: the peer would take what follows it for the password",
                         "auth");
  for (const auto* text : {&user, &password}) {
    if (!is_header_value(*text) || text->find('\t') != std::string::npos)
      return base::failure(base::ErrorCode::invalid_input,
                           std::string("the ") + (text == &user ? "user" : "password") +
                               " of a basic login has a line break or another control character",
                           "auth");
  }
  return {};
}

base::Result<HeaderValue> basic_login(const std::string& user, const std::string& password) {
  if (auto checked = check_login(user, password); !checked) return tl::unexpected(checked.error());
  return *HeaderValue::of("Basic " + base::base64_encoded(user + ":" + password));
}

bool is_framing_header(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding" || name == "connection" || name == "te" ||
         name == "trailer" || name == "upgrade" || name == "expect" || name == "keep-alive" ||
         name == "proxy-connection";
}

}  // namespace noetl::fetch
