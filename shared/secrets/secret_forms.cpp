#include "shared/secrets/secret_forms.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "shared/base/text/base64.hpp"
#include "shared/base/text/hex.hpp"

namespace noetl::secrets {

namespace {

using Json = nlohmann::json;

constexpr std::size_t form_bytes_min = 8;

class Forms {
 public:
  void add(std::string form) {
    if (form.size() >= form_bytes_min && std::find(all_.begin(), all_.end(), form) == all_.end())
      all_.push_back(std::move(form));
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string percent_encoded(std::string_view text, std::string_view kept, bool is_plus, bool is_upper) {
  const std::string_view digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string encoded;
  for (const char c : text) {
    if (is_alphanumeric(c) || kept.find(c) != std::string_view::npos) {
      encoded += c;
    } else if (c == ' ' && is_plus) {
      encoded += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += digits[byte >> 4U];
      encoded += digits[byte & 15U];
    }
  }
  return encoded;
}

// What encoders leave as it is: RFC 3986, Python's quote, encodeURIComponent, encodeURI and the path of our own http tool, forms.
constexpr std::string_view kept_by_encoders[] = {
    "-._~", "-._~/", "-._~!'()*", "-._~!$&'()*+,;=:@/?#[]%", "-._*", "-._~!$&'()*+,;=:@/?[]"};

void add_percent_encoded(Forms& forms, std::string_view text) {
  for (const std::string_view kept : kept_by_encoders) {
    for (const bool is_plus : {false, true}) {
      for (const bool is_upper : {true, false}) forms.add(percent_encoded(text, kept, is_plus, is_upper));
    }
  }
}

// The characters of the base64 of anything that has the text inside, by where in a group of three bytes it begins.
void add_base64(Forms& forms, std::string_view text) {
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string encoded = base::base64_encoded(std::string(before, 'x') + std::string(text));
    const std::size_t begin = (before * 8 + 5) / 6;
    const std::size_t end = (before + text.size()) * 8 / 6;
    std::string own = encoded.substr(begin, end - begin);
    std::string url_safe = own;
    std::replace(url_safe.begin(), url_safe.end(), '+', '-');
    std::replace(url_safe.begin(), url_safe.end(), '/', '_');
    forms.add(percent_encoded(own, "", false, true));
    forms.add(percent_encoded(own, "", false, false));
    forms.add(std::move(url_safe));
    forms.add(std::move(own));
  }
}

void add_hex(Forms& forms, std::string_view text) {
  std::string digits = base::to_hex(text);
  forms.add(digits);
  for (char& c : digits) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
  forms.add(std::move(digits));
}

std::string html_escaped(std::string_view text, std::string_view quote, std::string_view apostrophe) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '"')
      escaped += quote;
    else if (c == '\'')
      escaped += apostrophe;
    else
      escaped += c;
  }
  return escaped;
}

// As Python's repr and shells' printf %q nearly have it.
std::string backslashed(std::string_view text, std::string_view marked) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n')
      escaped += "\\n";
    else if (c == '\t')
      escaped += "\\t";
    else if (c == '\r')
      escaped += "\\r";
    else if (marked.find(c) != std::string_view::npos)
      (escaped += '\\') += c;
    else
      escaped += c;
  }
  return escaped;
}

std::string upper_escapes(std::string text) {
  for (std::size_t at = text.find("\\u"); at != std::string::npos; at = text.find("\\u", at + 6)) {
    for (std::size_t i = at + 2; i < std::min(at + 6, text.size()); ++i)
      text[i] = static_cast<char>(text[i] >= 'a' && text[i] <= 'f' ? text[i] - 32 : text[i]);
  }
  return text;
}

void add_json_escaped(Forms& forms, std::string_view text) {
  forms.add(json_escaped(text));
  forms.add(json_escaped(text, true));
  forms.add(upper_escapes(json_escaped(text, true)));
}

}  // namespace

std::string json_escaped(std::string_view text, bool ascii) {
  const std::string quoted = Json(std::string(text)).dump(-1, ' ', ascii, Json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::vector<std::string> pieces_of(const std::string& secret) {
  Forms pieces;
  for (std::size_t at = 0; secret.find('\n') != std::string::npos && at < secret.size();) {
    std::size_t end = std::min(secret.find('\n', at), secret.size());
    const std::size_t next = end + 1;
    if (end > at && secret[end - 1] == '\r') --end;
    pieces.add(secret.substr(at, end - at));
    at = next;
  }
  std::vector<std::string> all = pieces.take();
  Forms parts;
  if (secret.size() <= piece_bytes_max) parts.add(secret);
  for (auto& line : all) {
    if (line.size() <= piece_bytes_max) parts.add(std::move(line));
  }
  if (secret.size() > piece_bytes_max) {
    for (std::size_t at = 0; at < secret.size(); at += piece_bytes_max) {
      // The last one is whole, too: of its end alone nothing would be looked for when it is short.
      const std::size_t begin = std::min(at, secret.size() - piece_bytes_max);
      parts.add(secret.substr(begin, piece_bytes_max));
    }
  }
  return parts.take();
}

namespace {

// The forms that are no JSON.
Forms plain_forms(std::string_view piece) {
  Forms forms;
  forms.add(std::string(piece));
  add_percent_encoded(forms, piece);
  add_base64(forms, piece);
  add_hex(forms, piece);
  forms.add(html_escaped(piece, "&quot;", "&#x27;"));
  forms.add(html_escaped(piece, "&#34;", "&#39;"));
  forms.add(html_escaped(piece, "\"", "'"));
  forms.add(backslashed(piece, "\\"));
  forms.add(backslashed(piece, "\\'"));
  return forms;
}

// Of each also the JSON text of it, and so on: JSON text is often carried in a string of JSON text.
std::vector<std::string> with_json_levels(std::vector<std::string> forms, int levels) {
  Forms all;
  for (int level = 0; level <= levels; ++level) {
    Forms next;
    for (auto& form : forms) {
      add_json_escaped(next, form);
      all.add(std::move(form));
    }
    forms = next.take();
  }
  return all.take();
}

}  // namespace

std::vector<std::string> forms_in_text(std::string_view piece) {
  return with_json_levels(plain_forms(piece).take(), 2);
}

std::vector<std::string> forms_in_json(std::string_view piece) {
  Forms escaped;
  for (const auto& form : plain_forms(piece).take()) add_json_escaped(escaped, form);
  return with_json_levels(escaped.take(), 2);
}

}  // namespace noetl::secrets
