#include "engine/local/snapshot.h"

#include "engine/errors.h"
#include "engine/local/aligned_buffer.h"
#include "engine/local/wire.h"

#include <utility>
#include <vector>

namespace penstock::engine::local {
namespace {

constexpr std::size_t kPieceBytes = 512u << 10;
constexpr std::size_t kPage = 64;  // Documents or marks copied under one lock.

/// Frames in, sealed pieces out.
class PieceWriter {
 public:
  PieceWriter(env::File& file, const CommitHeader& as_of, const Salt& salt)
      : file_(file), header_(as_of), salt_(salt) {
    header_.file = 0;  // The piece's number.
    header_.flags = 0;
  }
  std::vector<std::uint8_t>& frames() { return frames_; }
  Status write_when_large() { return frames_.size() < kPieceBytes ? ok() : write(0); }
  Status write(std::uint32_t flags) {
    bytes_.clear();
    bytes_.resize(kCommitHeaderBytes);
    bytes_.append(frames_);
    header_.length = static_cast<std::uint32_t>(bytes_.size());
    header_.flags = flags;
    bytes_.resize(round_up(bytes_.size(), kCommitAlign));
    seal_commit(bytes_.bytes().first(header_.length), header_, salt_);
    TRY_OK(file_.write_at(offset_, bytes_.bytes()));
    offset_ += bytes_.size();
    ++header_.file;
    frames_.clear();
    return ok();
  }

 private:
  env::File& file_;
  CommitHeader header_;
  const Salt& salt_;
  std::vector<std::uint8_t> frames_;
  AlignedBuffer bytes_;
  std::uint64_t offset_ = 0;
};

Status write_documents(PieceWriter& out, const Documents& documents) {
  for (std::string after;;) {
    auto page = documents.page(after, kPage);
    if (page.empty()) break;
    after = page.back().key;
    for (Document& document : page) {
      MetaFrame frame{document.version, {}};
      frame.changes.push_back({.key = document.key, .value = std::move(document.value)});
      encode(out.frames(), frame);
      TRY_OK(out.write_when_large());
    }
  }
  // The last commit may have erased: its version belongs to no document.
  encode(out.frames(), MetaFrame{documents.applied_version(), {}});
  return ok();
}

Status write_marks(PieceWriter& out, const MarkTable& marks) {
  for (std::string after;;) {
    auto page = marks.page(after, kPage);
    if (page.empty()) break;
    after = page.back().first;
    for (auto& [key, value] : page) {
      encode(out.frames(), MarksFrame{0, {{std::move(key), std::move(value)}}});
      TRY_OK(out.write_when_large());
    }
  }
  encode(out.frames(), MarksFrame{marks.applied_sequence(), {}});
  return ok();
}

Status write_pieces(PieceWriter& out, std::uint64_t epoch, const State& state,
                    const std::function<Result<std::uint64_t>()>& through) {
  for (const auto& shard : state.shards.all()) {
    encode(out.frames(), shard->state());
    TRY_OK(out.write_when_large());
  }
  TRY_OK(write_documents(out, state.documents));
  TRY_OK(write_marks(out, state.marks));
  TRY(const std::uint64_t last, through());
  encode(out.frames(), SnapshotFrame{epoch, last});
  return out.write(kCommitLast);
}

/// False when it is no frame of a snapshot.
bool restore_frame(const FrameView& frame, const State& state, LoadedSnapshot& loaded) {
  switch (frame.kind) {
    case FrameKind::kShard: {
      const auto shard = decode_shard_state(frame.body());
      if (shard.has_value()) state.shards.add(*shard);
      return shard.has_value();
    }
    case FrameKind::kMeta: {
      auto meta = decode_meta(frame.body());
      if (!meta.has_value()) return false;
      state.documents.restore_version(meta->version);
      for (Change& change : meta->changes) {
        state.documents.restore({std::move(change.key), meta->version, std::move(change.value)});
      }
      return true;
    }
    case FrameKind::kMarks: {
      auto marks = decode_marks(frame.body());
      if (!marks.has_value()) return false;
      state.marks.restore_sequence(marks->sequence);
      for (Marks::Mark& mark : marks->marks) {
        state.marks.restore(std::move(mark.key), std::move(mark.value).value_or(""));
      }
      return true;
    }
    case FrameKind::kSnapshot: {
      const auto facts = decode_snapshot(frame.body());
      if (facts.has_value()) loaded.facts = *facts;
      return facts.has_value();
    }
    default: return false;
  }
}

}  // namespace

Status write_snapshot(const DataFolder& folder, const CommitHeader& as_of, std::uint64_t epoch,
                      const State& state, const std::function<Result<std::uint64_t>()>& through,
                      bool direct) {
  const std::string path = folder.snapshot_file(as_of.number);
  const auto write = [&]() -> Status {
    TRY(const auto file, folder.create_unfinished(path, {.direct = direct}));
    PieceWriter out(*file, as_of, folder.salt());
    TRY_OK(write_pieces(out, epoch, state, through));
    return direct ? ok() : file->sync();
  };
  if (Status written = write(); !written.ok()) {
    folder.abandon(path);
    return written;
  }
  return folder.finish(path);
}

Result<LoadedSnapshot> load_snapshot(const DataFolder& folder, std::uint64_t number,
                                     const State& state) {
  const std::string path = folder.snapshot_file(number);
  const auto damaged = [&](std::uint64_t offset) {
    return Error{EngineErrc::kCorrupt, path + ": damaged at offset " + std::to_string(offset)};
  };
  TRY(const auto file, folder.disk().open(path, {}));
  TRY(const std::uint64_t size, file->size());
  AlignedBuffer bytes;
  LoadedSnapshot loaded;
  std::uint64_t piece = 0;
  for (std::uint64_t at = 0;; ++piece) {
    if (size < at + kCommitAlign) return damaged(at);
    bytes.resize(kCommitAlign);
    TRY_OK(file->read_at(at, bytes.bytes()));
    const auto peeked = peek_commit(bytes.bytes());
    if (!peeked.has_value() || peeked->length > size - at) return damaged(at);
    bytes.resize(peeked->length);
    TRY_OK(file->read_at(at, bytes.bytes()));
    const auto header = check_commit(bytes.bytes(), folder.salt());
    if (!header.has_value() || header->number != number || header->file != piece) {
      return damaged(at);
    }
    for (auto left = bytes.bytes().subspan(kCommitHeaderBytes); !left.empty();) {
      const auto frame = first_frame(left);
      if (!frame.has_value() || !restore_frame(*frame, state, loaded)) return damaged(at);
      left = left.subspan(frame->bytes.size());
    }
    at += round_up(header->length, kCommitAlign);
    if ((header->flags & kCommitLast) == 0) continue;
    if (at != size) return damaged(at);
    loaded.as_of = *header;
    return loaded;
  }
}

}  // namespace penstock::engine::local
