#include "shared/messaging/subject_map.hpp"

#include <algorithm>

namespace noetl::messaging {

std::string token_of(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  if (text.empty()) return "%";
  std::string token;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_kept = byte > 0x20 && byte < 0x7F && c != '.' && c != '*' && c != '>' && c != '%';
    if (is_kept) {
      token += c;
    } else {
      token += '%';
      token += digits[byte >> 4U];
      token += digits[byte & 0xFU];
    }
  }
  return token;
}

Result<nats::Subject> subject_of(const SubjectParts& parts) {
  auto subject =
      nats::Subject::parse(parts.domain + '.' + parts.type + '.' + token_of(parts.aggregate) + '.' + parts.action);
  if (!subject) return failure(failure_of(subject.error(), FailureKind::settings));
  return std::move(*subject);
}

bool takes(std::string_view filter, std::string_view subject) {
  for (;;) {
    if (filter == ">") return !subject.empty();
    const auto filter_end = std::min(filter.find('.'), filter.size());
    const auto subject_end = std::min(subject.find('.'), subject.size());
    const auto wanted = filter.substr(0, filter_end);
    if (wanted != "*" && wanted != subject.substr(0, subject_end)) return false;
    const bool filter_ends = filter_end == filter.size();
    const bool subject_ends = subject_end == subject.size();
    if (filter_ends || subject_ends) return filter_ends && subject_ends;
    filter.remove_prefix(filter_end + 1);
    subject.remove_prefix(subject_end + 1);
  }
}

}  // namespace noetl::messaging
