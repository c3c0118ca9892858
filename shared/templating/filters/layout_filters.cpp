// Filters that lay text out in lines.
#include <algorithm>

#include "shared/templating/methods/methods.hpp"
#include "shared/templating/operations/operators.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

Value indent(const Use& use) {
  if (use.input.is_undefined()) {
    fail_use_of_undefined(use.input);
  }
  if (!use.input.is_text()) {
    fail("indent wants text, not " + python_type(use.input));
  }
  std::string by = "    ";
  if (use.bound[0] != nullptr && use.bound[0]->is_text()) {
    by = use.bound[0]->as_text();
  } else {
    const auto width = static_cast<std::size_t>(std::clamp<std::int64_t>(use.bound.integer(0, 4), 0, 1 << 20));
    use.budget.spend_bytes(width);
    by.assign(width, ' ');
  }
  const bool indents_first = use.bound.boolean(1, false);
  const bool indents_blank = use.bound.boolean(2, false);
  // Jinja adds a line end before it splits, so that an ending one survives.
  const Values lines = lines_of(use.input.as_text() + "\n", false, use.budget);
  std::string out = indents_first ? by : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i].as_text();
    out += i == 0 ? "" : "\n";
    out += i > 0 && (indents_blank || !line.empty()) ? by : "";
    out += line;
    use.budget.check_growing(out);
  }
  return use.budget.text(std::move(out));
}

struct Wrapping {
  std::size_t width;
  bool breaks_long_words;
  bool breaks_on_hyphens;
  std::string separator;
};

// Words with the blanks before them; a hyphen between letters ends a word when lines may break there.
MeteredVector<Points> chunks_of(const Points& line, bool breaks_on_hyphens) {
  MeteredVector<Points> chunks;
  Points current;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_blank = unicode::is_space(line[i]);
    if (!current.empty() && is_blank != unicode::is_space(current.back())) {
      chunks.push_back(std::move(current));
      current.clear();
    }
    current += line[i];
    const bool is_hyphen = breaks_on_hyphens && line[i] == '-' && i > 1 && i + 2 < line.size() &&
                           unicode::is_alpha(line[i - 1]) && unicode::is_alpha(line[i - 2]) &&
                           unicode::is_alpha(line[i + 1]) && unicode::is_alpha(line[i + 2]);
    if (is_hyphen) {
      chunks.push_back(std::move(current));
      current.clear();
    }
  }
  if (!current.empty()) {
    chunks.push_back(std::move(current));
  }
  return chunks;
}

void wrap_line(const Points& line, const Wrapping& wrapping, std::string& out, Budget& budget) {
  Points current;
  const auto flush = [&] {
    while (!current.empty() && unicode::is_space(current.back())) {
      current.pop_back();
    }
    out += (out.empty() ? "" : wrapping.separator) + unicode::encode(current);
    budget.check_growing(out);
    current.clear();
  };
  bool is_first_line = true;
  for (Points chunk : chunks_of(line, wrapping.breaks_on_hyphens)) {
    while (current.size() + chunk.size() > wrapping.width) {
      const bool is_blank = unicode::is_space(chunk[0]);
      if (chunk.size() > wrapping.width && wrapping.breaks_long_words && !is_blank) {
        const std::size_t room = wrapping.width - std::min(current.size(), wrapping.width);
        current += chunk.substr(0, room);
        chunk.erase(0, room);
      } else if (current.empty()) {
        break;
      }
      if (is_blank) {
        chunk.clear();
        break;
      }
      flush();
      is_first_line = false;
    }
    const bool is_leading_blank = current.empty() && !is_first_line && !chunk.empty() && unicode::is_space(chunk[0]);
    current += is_leading_blank ? Points() : chunk;
  }
  if (!current.empty()) {
    flush();
  }
}

Value word_wrap(const Use& use) {
  const std::int64_t width = use.bound.integer(0, 79);
  if (width < 1) {
    fail("wordwrap: the width must be at least 1");
  }
  const Wrapping wrapping{
      .width = static_cast<std::size_t>(width),
      .breaks_long_words = use.bound.boolean(1, true),
      .breaks_on_hyphens = use.bound.boolean(3, true),
      .separator = use.bound[2] == nullptr || use.bound[2]->is_none() ? "\n" : use.bound.text(2, "", use.budget)};
  std::string out;
  bool first = true;
  for (const Value& line : lines_of(python_str(use.input, use.budget), false, use.budget)) {
    use.budget.spend(line.as_text().size() / 2);
    std::string wrapped;
    wrap_line(unicode::decode(line.as_text()), wrapping, wrapped, use.budget);
    out += (first ? "" : wrapping.separator) + wrapped;
    first = false;
    use.budget.check_growing(out);
  }
  return use.budget.text(std::move(out));
}

Value pretty(const Use& use) {
  std::string out;
  append_repr(use.input, out, use.budget);
  return use.budget.text(std::move(out));
}

constexpr Filter layout_filter_rows[] = {
    {"indent", "width first blank", indent},
    {"pprint", "", pretty},
    {"wordwrap", "width break_long_words wrapstring break_on_hyphens", word_wrap},
};

}  // namespace

FilterTable layout_filters() { return {std::begin(layout_filter_rows), std::end(layout_filter_rows)}; }

}  // namespace noetl::templating
