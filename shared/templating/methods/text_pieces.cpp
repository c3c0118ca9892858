// The pieces of text handling that filters and methods share (methods.hpp).
#include <algorithm>

#include "shared/templating/methods/methods.hpp"
#include "shared/templating/operations/operators.hpp"
#include "shared/templating/text/number_text.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

Values split_at_blanks(std::u32string_view text, std::int64_t limit, bool from_end, Budget& budget) {
  Values parts;
  const auto trim = [&] {
    while (!text.empty() && unicode::is_space(from_end ? text.back() : text.front())) {
      from_end ? text.remove_suffix(1) : text.remove_prefix(1);
    }
  };
  for (trim(); !text.empty(); trim()) {
    budget.spend(1);
    std::size_t size = 0;
    if (limit >= 0 && static_cast<std::int64_t>(parts.size()) == limit) {
      size = text.size();  // the rest is one part, blanks at its other end included
    }
    while (size < text.size() && !unicode::is_space(from_end ? text[text.size() - 1 - size] : text[size])) {
      ++size;
    }
    parts.push_back(budget.text(unicode::encode(from_end ? text.substr(text.size() - size) : text.substr(0, size))));
    from_end ? text.remove_suffix(size) : text.remove_prefix(size);
  }
  return parts;
}

MeteredVector<std::size_t> positions_of(const std::string& text, const std::string& part, Budget& budget) {
  budget.spend_bytes(text.size());
  MeteredVector<std::size_t> found;
  for (std::size_t at = unicode::find(text, part); at != std::string::npos;
       at = unicode::find(text, part, at + part.size())) {
    budget.spend(1);
    found.push_back(at);
  }
  return found;
}

// Where rsplit() and rpartition() find `part`: scanning from the right, without overlap.
MeteredVector<std::size_t> positions_from_end(const std::string& text, const std::string& part, Budget& budget) {
  const std::string back(text.rbegin(), text.rend());
  MeteredVector<std::size_t> found = positions_of(back, std::string(part.rbegin(), part.rend()), budget);
  std::for_each(found.begin(), found.end(), [&](std::size_t& at) { at = text.size() - at - part.size(); });
  return found;
}

const std::string& separator_of(const Use& use) {
  const Value& separator = *use.bound[0];
  if (!separator.is_text() || separator.as_text().empty()) {
    fail("a separator must be text and not empty");
  }
  return separator.as_text();
}

}  // namespace

std::string stripped(const std::string& text, const Value* characters, unsigned sides) {
  const bool is_given = characters != nullptr && !characters->is_none();
  if (is_given && !characters->is_text()) {
    fail("strip arg must be None or str");
  }
  const Points set = is_given ? unicode::decode(characters->as_text()) : Points();
  const Points points = unicode::decode(text);
  std::u32string_view rest = points;
  const auto goes = [&](char32_t point) {
    return is_given ? set.find(point) != Points::npos : unicode::is_space(point);
  };
  while ((sides & 1U) != 0 && !rest.empty() && goes(rest.front())) {
    rest.remove_prefix(1);
  }
  while ((sides & 2U) != 0 && !rest.empty() && goes(rest.back())) {
    rest.remove_suffix(1);
  }
  return unicode::encode(rest);
}

std::string capitalized(const std::string& text) {
  const Points points = unicode::decode(text);
  if (points.empty()) {
    return text;
  }
  Points out = unicode::upper(points[0]);
  std::for_each(points.begin() + 1, points.end(), [&](char32_t point) { out += unicode::lower(point); });
  return unicode::encode(out);
}

std::string replaced(const std::string& text, const std::string& old, const std::string& by, std::int64_t count,
                     Budget& budget) {
  std::string out;
  if (old.empty()) {
    const Points points = unicode::decode(text);
    for (std::size_t i = 0; i <= points.size(); ++i) {
      if (count < 0 || static_cast<std::int64_t>(i) < count) {
        out += by;
        budget.spend_bytes(by.size());
      }
      if (i < points.size()) {
        unicode::append(out, points[i]);
      }
      budget.check_growing(out);
    }
    return out;
  }
  std::size_t from = 0;
  for (const std::size_t at : positions_of(text, old, budget)) {
    if (count == 0) {
      break;
    }
    --count;
    out.append(text, from, at - from);
    out += by;
    from = at + old.size();
    budget.check_growing(out);
  }
  return out.append(text, from);
}

std::string centered(const std::string& text, std::size_t width, char32_t fill) {
  const std::size_t length = unicode::length(text);
  if (length >= width) {
    return text;
  }
  const std::size_t missing = width - length;
  const std::size_t before = missing / 2 + (missing & width & 1U);
  return pad(pad(text, length + before, '>', fill), width, '<', fill);
}

Values lines_of(const std::string& text, bool keeps_ends, Budget& budget) {
  Values lines;
  const Points points = unicode::decode(text);
  for (std::size_t at = 0; at < points.size();) {
    budget.spend(1);
    std::size_t end = at;
    while (end < points.size() && !unicode::is_line_break(points[end])) {
      ++end;
    }
    std::size_t next = std::min(end + 1, points.size());
    next += end + 1 < points.size() && points[end] == '\r' && points[end + 1] == '\n' ? 1U : 0U;
    lines.push_back(
        budget.text(unicode::encode(std::u32string_view(points).substr(at, (keeps_ends ? next : end) - at))));
    at = next;
  }
  return lines;
}

Value split(const Use& use, bool from_end) {
  const std::string& text = use.input.as_text();
  const std::int64_t limit = use.bound.integer(1, -1);
  Values parts;
  if (use.bound[0] == nullptr || use.bound[0]->is_none()) {
    parts = split_at_blanks(unicode::decode(text), limit, from_end, use.budget);
    if (from_end) {
      std::reverse(parts.begin(), parts.end());
    }
    return use.budget.list(std::move(parts));
  }
  const std::string& separator = separator_of(use);
  MeteredVector<std::size_t> places =
      from_end ? positions_from_end(text, separator, use.budget) : positions_of(text, separator, use.budget);
  if (limit >= 0 && places.size() > static_cast<std::size_t>(limit)) {
    places.resize(static_cast<std::size_t>(limit));
  }
  std::sort(places.begin(), places.end());
  std::size_t from = 0;
  for (const std::size_t at : places) {
    parts.push_back(use.budget.text(text.substr(from, at - from)));
    from = at + separator.size();
  }
  parts.push_back(use.budget.text(text.substr(from)));
  return use.budget.list(std::move(parts));
}

Value partitioned(const Use& use, bool from_end) {
  const std::string& text = use.input.as_text();
  const std::string& separator = separator_of(use);
  const MeteredVector<std::size_t> places =
      from_end ? positions_from_end(text, separator, use.budget) : positions_of(text, separator, use.budget);
  if (places.empty()) {
    const Value nothing = Value::text("");
    return from_end ? Value::tuple({nothing, nothing, use.input}) : Value::tuple({use.input, nothing, nothing});
  }
  return Value::tuple({use.budget.text(text.substr(0, places[0])), use.budget.text(separator),
                       use.budget.text(text.substr(places[0] + separator.size()))});
}

}  // namespace noetl::templating
