#include "shared/templating/operations/python_format.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/text/number_text.hpp"
#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

// Takes digits at `at`; -1 when there are none.
long take_digits(std::string_view text, std::size_t& at) {
  long value = -1;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = std::max(value, 0L) * 10 + (text[at++] - '0');
    if (value > 1'000'000) {
      fail_bound("a format asks for a width beyond 1000000");
    }
  }
  return value;
}

class PercentFormat {
 public:
  PercentFormat(const std::string& format, const Value& values, Budget& budget)
      : format_(format), values_(values), budget_(budget) {}

  std::string run() {
    while (at_ < format_.size()) {
      if (format_[at_] != '%') {
        const std::size_t next = std::min(format_.find('%', at_), format_.size());
        out_.append(format_, at_, next - at_);
        at_ = next;
        continue;
      }
      ++at_;
      take_conversion();
      budget_.spend(1);
      budget_.check_growing(out_);
    }
    const bool takes_all = values_.is_dict() || values_.is_undefined() ||
                           (values_.is(Kind::tuple) ? used_ == values_.size() : used_ == 1 || values_.is_sequence());
    if (!takes_all) {
      fail("not all arguments converted during string formatting");
    }
    return std::move(out_);
  }

 private:
  Value next_value() {
    if (values_.is(Kind::tuple)) {
      if (used_ >= values_.size()) {
        fail("not enough arguments for format string");
      }
      return values_.at(used_++);
    }
    if (used_++ > 0) {
      fail("not enough arguments for format string");
    }
    return values_;
  }

  Value named_value() {
    const std::size_t end = format_.find(')', at_);
    if (end == std::string::npos || !values_.is_dict()) {
      fail("a format with names wants a dict");
    }
    const std::string name = format_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    bool found = false;
    Value value = values_.find(name, found);
    if (!found) {
      fail("the format names '" + name + "', which is not given");
    }
    return value;
  }

  void take_conversion() {
    if (at_ < format_.size() && format_[at_] == '%') {
      out_ += '%';
      ++at_;
      return;
    }
    const bool is_named = at_ < format_.size() && format_[at_] == '(';
    Value value = is_named ? named_value() : Value();
    NumberStyle style;
    bool left = false;
    for (; at_ < format_.size() && std::string_view("-+ 0#").find(format_[at_]) != std::string_view::npos; ++at_) {
      left = left || format_[at_] == '-';
      style.zero_pads = style.zero_pads || format_[at_] == '0';
      style.alternate = style.alternate || format_[at_] == '#';
      style.sign = format_[at_] == '+' || (format_[at_] == ' ' && style.sign != '+') ? format_[at_] : style.sign;
    }
    style.width = std::max(take_digits(format_, at_), 0L);
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      style.precision = static_cast<int>(std::max(take_digits(format_, at_), 0L));
    }
    if (at_ >= format_.size()) {
      fail("incomplete format");
    }
    const char type = format_[at_++];
    value = is_named ? value : next_value();
    budget_.spend_bytes(static_cast<std::size_t>(style.width));
    out_ += pad(convert(value, type, style), static_cast<std::size_t>(style.width), left ? '<' : '>', U' ');
  }

  std::string convert(const Value& value, char type, NumberStyle style) {
    if (type == 's' || type == 'r' || type == 'a') {
      std::string text;
      if (type == 's') {
        append_str(value, text, budget_);
      } else {
        append_repr(value, text, budget_);
      }
      return style.precision < 0
                 ? text
                 : unicode::encode(unicode::decode(text).substr(0, static_cast<std::size_t>(style.precision)));
    }
    if (type == 'c' && value.is_text()) {
      return value.as_text();
    }
    if (!value.is_number()) {
      fail("a number is required by a % format, not " + python_type(value));
    }
    if (type == 'd' || type == 'i' || type == 'u') {
      style.type = 'd';
      const bool is_float = value.is(Kind::floating);
      return number_text(is_float ? truncated(value.as_floating()) : Value::integer(value.as_integer()), style);
    }
    if (std::string_view("xXoeEfFgGc").find(type) == std::string_view::npos) {
      fail("unsupported format character");
    }
    style.type = type;
    return number_text(value, style);
  }

  const std::string& format_;
  const Value& values_;
  Budget& budget_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t used_ = 0;
};

class BraceFormat {
 public:
  BraceFormat(const std::string& format, const Arguments& arguments, Budget& budget)
      : format_(format), arguments_(arguments), budget_(budget) {}

  std::string run() {
    std::string out;
    for (std::size_t at = 0; at < format_.size(); ++at) {
      const char c = format_[at];
      if ((c == '{' || c == '}') && at + 1 < format_.size() && format_[at + 1] == c) {
        out += c;
        ++at;
      } else if (c == '{') {
        const std::size_t end = field_end(at);
        out += field(std::string_view(format_).substr(at + 1, end - at - 1), 0);
        budget_.check_growing(out);
        at = end;
      } else if (c == '}') {
        fail("Single '}' encountered in format string");
      } else {
        out += c;
      }
    }
    return out;
  }

 private:
  std::size_t field_end(std::size_t begin) const {
    int depth = 0;
    for (std::size_t at = begin; at < format_.size(); ++at) {
      depth += format_[at] == '{' ? 1 : format_[at] == '}' ? -1 : 0;
      if (depth == 0) {
        return at;
      }
    }
    fail("expected '}' before end of string");
  }

  std::string field(std::string_view text, int nesting) {
    budget_.spend(1);
    const std::size_t colon = text.find(':');
    std::string_view name = text.substr(0, colon);
    std::string specification(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
    const std::size_t mark = name.find('!');
    const std::string_view conversion = mark == std::string_view::npos ? std::string_view() : name.substr(mark + 1);
    Value value = lookup(name.substr(0, mark));
    if (nesting == 0) {
      specification = nested(specification);
    }
    if (conversion == "r" || conversion == "s") {
      std::string converted;
      conversion == "r" ? append_repr(value, converted, budget_) : append_str(value, converted, budget_);
      value = budget_.text(std::move(converted));
    } else if (!conversion.empty()) {
      fail("unknown conversion in a format");
    }
    return format_value(value, specification, budget_);
  }

  // {:{width}}: fields inside a specification, one level deep.
  std::string nested(const std::string& specification) {
    std::string out;
    for (std::size_t at = 0; at < specification.size(); ++at) {
      const std::size_t end = specification[at] == '{' ? specification.find('}', at) : std::string::npos;
      if (end == std::string::npos) {
        out += specification[at];
        continue;
      }
      out += field(std::string_view(specification).substr(at + 1, end - at - 1), 1);
      budget_.check_growing(out);
      at = end;
    }
    return out;
  }

  Value lookup(std::string_view name) {
    std::size_t end = name.find_first_of(".[");
    const std::string root(name.substr(0, end));
    const Value* found = nullptr;
    if (root.empty() || root.find_first_not_of("0123456789") == std::string::npos) {
      const std::size_t index = root.empty()      ? next_++
                                : root.size() > 6 ? arguments_.positional.size()
                                                  : std::stoul(root);
      found = index < arguments_.positional.size() ? &arguments_.positional[index] : nullptr;
    } else {
      found = arguments_.find(root);
    }
    if (found == nullptr) {
      fail("the format names an argument '" + root + "' that is not given");
    }
    Value value = *found;
    while (end != std::string_view::npos && end < name.size()) {
      const bool is_item = name[end] == '[';
      const std::size_t stop = is_item ? name.find(']', end) : std::min(name.find_first_of(".[", end + 1), name.size());
      if (stop == std::string_view::npos) {
        fail("missing ']' in format string");
      }
      const std::string part(name.substr(end + 1, stop - end - 1));
      const bool is_index =
          is_item && !part.empty() && part.size() < 7 && part.find_first_not_of("0123456789") == std::string::npos;
      value = is_index ? item_of(value, Value::integer(std::stol(part)), budget_) : attribute_of(value, part);
      end = stop + (is_item ? 1U : 0U);
    }
    return value;
  }

  const std::string& format_;
  const Arguments& arguments_;
  Budget& budget_;
  std::size_t next_ = 0;
};

}  // namespace

std::string percent_format(const std::string& format, const Value& values, Budget& budget) {
  return PercentFormat(format, values, budget).run();
}

std::string brace_format(const std::string& format, const Arguments& arguments, Budget& budget) {
  return BraceFormat(format, arguments, budget).run();
}

std::string format_value(const Value& value, std::string_view specification, Budget& budget) {
  if (specification.empty()) {
    return python_str(value, budget);
  }
  const Points points = unicode::decode(specification);
  char32_t fill = U' ';
  char align = '\0';
  std::size_t at = 0;
  const auto is_align = [](char32_t p) { return p == '<' || p == '>' || p == '^' || p == '='; };
  if (points.size() > 1 && is_align(points[1])) {
    fill = points[0];
    align = static_cast<char>(points[1]);
    at = 2;
  } else if (is_align(points[0])) {
    align = static_cast<char>(points[0]);
    at = 1;
  }
  const std::string rest = unicode::encode(points.substr(at));
  at = 0;
  NumberStyle style;
  const auto skip = [&](char c) { return at < rest.size() && rest[at] == c ? (++at, true) : false; };
  style.sign = skip('+') ? '+' : skip(' ') ? ' ' : skip('-') ? '-' : '-';
  style.alternate = skip('#');
  style.zero_pads = skip('0') && align == '\0';
  style.width = std::max(take_digits(rest, at), 0L);
  style.groups = skip(',') ? ',' : skip('_') ? '_' : '\0';
  if (skip('.')) {
    style.precision = static_cast<int>(take_digits(rest, at));
  }
  style.type = at < rest.size() ? rest[at++] : '\0';
  if (at < rest.size() || std::string_view("\0sdxXobeEfFgG%cn", 16).find(style.type) == std::string_view::npos) {
    fail("invalid format specifier");
  }
  budget.spend_bytes(static_cast<std::size_t>(style.width));
  const auto width = static_cast<std::size_t>(style.width);
  if (value.is_number() && style.type != 's' && !(value.is(Kind::boolean) && style.type == '\0')) {
    style.zero_pads = style.zero_pads || align == '=';
    return pad(number_text(value, style), width, align == '\0' ? '>' : align, fill);
  }
  if (style.type != 's' && style.type != '\0') {
    fail("unknown format code for an object of type '" + python_type(value) + "'");
  }
  std::string text = python_str(value, budget);
  if (style.precision >= 0) {
    text = unicode::encode(unicode::decode(text).substr(0, static_cast<std::size_t>(style.precision)));
  }
  return pad(text, width, align == '\0' ? '<' : align, style.zero_pads ? U'0' : fill);
}

}  // namespace noetl::templating
