#include "shared/secrets/secret_mask.hpp"

#include <algorithm>

#include "shared/secrets/secret_forms.hpp"

namespace noetl::secrets {

namespace {

// The beginning of a secret before a cut tells nothing when it is shorter than this.
constexpr std::size_t head_bytes_min = 4;
constexpr std::size_t cuts_max = 256;  // a text has one or two; more are somebody's own
constexpr std::string_view too_many = "*** (left out: the step used more secrets than can be masked)";

void add_once(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const auto& one : from) {
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
  }
}

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// Overlapping and touching spans are one: two halves of a long secret leave one mask.
std::vector<Span> joined(const std::vector<Span>& spans) {
  std::vector<Span> whole;
  for (const Span& span : spans) {
    if (!whole.empty() && span.begin <= whole.back().end)
      whole.back().end = std::max(whole.back().end, span.end);
    else
      whole.push_back(span);
  }
  return whole;
}

std::string replaced(const std::string& text, const std::vector<Span>& spans) {
  if (spans.empty()) return text;
  std::string result;
  result.reserve(text.size());
  std::size_t at = 0;
  for (const Span& span : spans) {
    result.append(text, at, span.begin - at).append(SecretMask::mask);
    at = span.end;
  }
  return result.append(text, at);
}

// Knows whether a place of JSON text is inside a string. It walks forward only, and only when it is asked.
class JsonPlace {
 public:
  explicit JsonPlace(std::string_view json) : json_(json) {}
  // To there, or to the end of an escape that it is in.
  void walk_to(std::size_t place) {
    while (at_ < place) {
      if (json_[at_] == '\\' && is_in_string()) {
        at_ += at_ + 1 < json_.size() && json_[at_ + 1] == 'u' ? 6 : 2;
      } else {
        quotes_ += json_[at_] == '"' ? 1 : 0;
        ++at_;
      }
    }
  }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::size_t quotes() const { return quotes_; }
  [[nodiscard]] bool is_in_string() const { return quotes_ % 2 == 1; }

 private:
  std::string_view json_;
  std::size_t at_ = 0;
  std::size_t quotes_ = 0;
};

// What may be replaced in JSON text and leave JSON: in a string whole characters; a number whole, quotes around the mask.
std::string replaced_in_json(const std::string& json, const std::vector<Span>& found) {
  if (found.empty()) return json;
  JsonPlace place(json);
  std::string result;
  result.reserve(json.size());
  std::size_t at = 0;
  for (Span span : found) {
    place.walk_to(span.begin);
    if (place.is_in_string()) {
      const std::size_t begin = place.at();  // the n of \n is no n
      const std::size_t quotes = place.quotes();
      place.walk_to(span.end);
      if (begin >= span.end || place.quotes() != quotes) continue;  // it only looked like one
      result.append(json, at, begin - at).append(SecretMask::mask);
      at = place.at();
      continue;
    }
    const std::string_view matched(json.data() + span.begin, span.end - span.begin);
    if (span.begin < at || !std::all_of(matched.begin(), matched.end(), is_number_char)) continue;
    while (span.begin > at && is_number_char(json[span.begin - 1])) --span.begin;
    while (span.end < json.size() && is_number_char(json[span.end])) ++span.end;
    result.append(json, at, span.begin - at).append("\"").append(SecretMask::mask).append("\"");
    at = span.end;
  }
  return result.append(json, at);
}

// Before every mark of a cut: the longest beginning of a secret that the text ends with there.
void add_before_cuts(std::vector<Span>& spans, std::string_view text, std::string_view mark,
                     const std::vector<std::string>& heads) {
  if (mark.empty()) return;
  std::size_t cuts = 0;
  for (auto at = text.find(mark); at != std::string_view::npos && cuts < cuts_max;
       at = text.find(mark, at + mark.size())) {
    ++cuts;
    std::size_t longest = 0;
    for (const auto& head : heads) {
      for (auto part = std::min(head.size() - 1, at); part >= head_bytes_min && part > longest; --part)
        if (text.compare(at - part, part, head, 0, part) == 0) longest = part;
    }
    if (longest > 0) spans.push_back({.begin = at - longest, .end = at});
  }
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
}

std::string with_words_masked(const std::string& text, const std::vector<std::string>& words) {
  if (words.empty()) return text;
  std::string result;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    const bool is_word = std::any_of(words.begin(), words.end(), [&](const auto& word) { return line == word; });
    result.append(is_word ? SecretMask::mask : line);
    if (end < text.size()) result += '\n';
    at = end + 1;
  }
  return result;
}

// Strings and numbers that are a word and nothing else. A member's name stays, or two might become one.
std::string with_json_words_masked(const std::string& json, const std::vector<std::string>& words) {
  std::vector<Span> found;
  for (const auto& word : words) {
    const std::string quoted = "\"" + json_escaped(word) + "\"";
    for (auto at = json.find(quoted); at != std::string::npos; at = json.find(quoted, at + 1))
      found.push_back({.begin = at, .end = at + quoted.size()});
    if (!std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    for (auto at = json.find(word); at != std::string::npos; at = json.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      const bool is_whole =
          (at == 0 || !is_number_char(json[at - 1])) && (end == json.size() || !is_number_char(json[end]));
      if (is_whole) found.push_back({.begin = at, .end = end});
    }
  }
  std::sort(found.begin(), found.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  JsonPlace place(json);
  std::string result;
  std::size_t at = 0;
  for (const Span& span : found) {
    place.walk_to(span.begin);
    if (span.begin < at || place.is_in_string()) continue;
    const std::size_t after = json.find_first_not_of(" \t\r\n", span.end);
    if (after != std::string::npos && json[after] == ':') continue;
    result.append(json, at, span.begin - at).append("\"").append(SecretMask::mask).append("\"");
    at = span.end;
  }
  return result.append(json, at);
}

}  // namespace

void SecretMask::add(const FoundSecrets& found) {
  const std::size_t before = texts_.size();
  add_once(texts_, found.texts);
  add_once(words_, found.words);
  if (texts_.size() == before) return;
  in_text_.reset();
  in_json_.reset();
}

namespace {

template <class FormsOf>
std::pair<std::optional<PatternSearch>, std::vector<std::string>> search_for(const std::vector<std::string>& texts,
                                                                             FormsOf forms_of) {
  std::vector<std::string> pieces;
  std::vector<std::string> patterns;
  std::size_t bytes = 0;
  for (const auto& text : texts) add_once(pieces, pieces_of(text));
  for (const auto& piece : pieces) {
    for (auto& form : forms_of(piece)) {
      bytes += form.size();
      if (bytes > SecretMask::pattern_bytes_max) return {};
      patterns.push_back(std::move(form));
    }
  }
  std::sort(patterns.begin(), patterns.end());
  patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
  return {PatternSearch(std::move(patterns)), std::move(pieces)};
}

}  // namespace

const SecretMask::Search& SecretMask::text_search() {
  if (!in_text_) {
    auto [patterns, heads] = search_for(texts_, forms_in_text);
    in_text_ = Search{.patterns = std::move(patterns), .heads = std::move(heads)};
  }
  return *in_text_;
}

const SecretMask::Search& SecretMask::json_search() {
  if (!in_json_) {
    auto [patterns, heads] = search_for(texts_, forms_in_json);
    for (auto& head : heads) head = json_escaped(head);
    in_json_ = Search{.patterns = std::move(patterns), .heads = std::move(heads)};
  }
  return *in_json_;
}

std::string SecretMask::in_text(std::string text, std::string_view cut_mark) {
  if (text.empty() || is_empty()) return text;
  const Search& search = text_search();
  if (!search.patterns) return std::string(too_many);
  auto found = search.patterns->find_all(text);
  add_before_cuts(found, text, cut_mark, search.heads);
  if (!found.empty()) text = replaced(text, joined(found));
  return words_.empty() ? text : with_words_masked(text, words_);
}

std::string SecretMask::in_json(std::string json, std::string_view cut_mark) {
  if (json.empty() || is_empty()) return json;
  const Search& search = json_search();
  if (!search.patterns) return "\"" + std::string(too_many) + "\"";
  auto found = search.patterns->find_all(json);
  add_before_cuts(found, json, json_escaped(cut_mark), search.heads);
  if (!found.empty()) json = replaced_in_json(json, joined(found));
  return words_.empty() ? json : with_json_words_masked(json, words_);
}

std::string SecretMask::in_bytes(std::string bytes) {
  if (bytes.empty() || is_empty()) return bytes;
  const Search& search = text_search();
  if (!search.patterns) return std::string(bytes.size(), '*');
  for (const Span& span : search.patterns->find_all(bytes))
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(span.begin),
              bytes.begin() + static_cast<std::ptrdiff_t>(span.end), '*');
  return bytes;
}

}  // namespace noetl::secrets
