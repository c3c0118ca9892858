#include "shared/templating/operations/json_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

void append_json_text(std::string_view text, std::string& out) {
  const auto escape = [&](unsigned unit) {
    char escaped[16];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", unit);
    out += escaped;
  };
  out += '"';
  for (const char32_t point : unicode::decode(text)) {
    switch (point) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\f': out += "\\f"; break;
      case '\b': out += "\\b"; break;
      default:
        if (point >= 0x20 && point < 0x7F) {
          out += static_cast<char>(point);
        } else if (point < 0x10000) {
          escape(point);
        } else {
          escape(0xD800U + ((point - 0x10000U) >> 10U));
          escape(0xDC00U + ((point - 0x10000U) & 0x3FFU));
        }
    }
  }
  out += '"';
}

class Dump {
 public:
  Dump(JsonStyle style, Budget& budget) : style_(style), budget_(budget) {}

  void append(const Value& value) {
    budget_.spend(1);
    budget_.check_growing(out);
    switch (value.kind()) {
      case Kind::none: out += "null"; return;
      case Kind::boolean: out += value.as_boolean() ? "true" : "false"; return;
      case Kind::integer: out += std::to_string(value.as_integer()); return;
      case Kind::floating: out += json_float(value.as_floating()); return;
      case Kind::text:
        budget_.spend_bytes(value.as_text().size());
        budget_.check_room(out.size() + quoted_bytes_max(value.as_text()));
        append_json_text(value.as_text(), out);
        return;
      case Kind::list:
      case Kind::tuple: append_list(value); return;
      case Kind::dict: append_dict(value); return;
      default: fail("Object of type " + python_type(value) + " is not JSON serializable");
    }
  }

  std::string out;

 private:
  void separate(bool first) {
    if (!first) {
      out += style_.indent >= 0 ? "," : ", ";
    }
    break_line();
  }
  void break_line() {
    if (style_.indent >= 0) {
      out += '\n';
      out.append(static_cast<std::size_t>(style_.indent) * level_, ' ');
    }
  }

  void append_list(const Value& value) {
    if (value.size() == 0) {
      out += "[]";
      return;
    }
    const Budget::Level level(budget_);
    out += '[';
    ++level_;
    for (std::size_t i = 0; i < value.size(); ++i) {
      separate(i == 0);
      append(value.at(i));
    }
    --level_;
    break_line();
    out += ']';
  }

  void append_dict(const Value& value) {
    Entries entries = value.entries();
    if (entries.empty()) {
      out += "{}";
      return;
    }
    if (style_.sorts_keys && value.as_json() == nullptr) {
      std::stable_sort(entries.begin(), entries.end(), [&](const Entry& left, const Entry& right) {
        return is_less(left.first, right.first, budget_);
      });
    }
    const Budget::Level level(budget_);
    out += '{';
    ++level_;
    bool first = true;
    for (const auto& [key, item] : entries) {
      separate(first);
      first = false;
      append_json_text(json_key(key), out);
      out += ": ";
      append(item);
    }
    --level_;
    break_line();
    out += '}';
  }

  JsonStyle style_;
  Budget& budget_;
  std::size_t level_ = 0;
};

}  // namespace

std::string json_dumps(const Value& value, JsonStyle style, Budget& budget) {
  Dump dump(style, budget);
  dump.append(value);
  return std::move(dump.out);
}

}  // namespace noetl::templating
