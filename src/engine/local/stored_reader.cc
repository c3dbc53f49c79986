#include "engine/local/stored_reader.h"

#include "engine/errors.h"
#include "engine/local/frame.h"
#include "engine/local/segment.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace penstock::engine::local {
namespace {

/// What one call reads; a block that is larger is read whole.
constexpr std::size_t kPieceBytes = ChunkPool::kLargest;
/// How many readers can be followed at once.
constexpr std::size_t kEndsMax = 256;

using Blocks = std::span<const StoredBlock>;

/// Blocks one behind the other in a file, few enough for one piece. At least one.
std::size_t run_length(Blocks blocks) {
  const Block& first = blocks.front().block;
  std::size_t count = 1;
  for (; count < blocks.size(); ++count) {
    const Block& before = blocks[count - 1].block;
    const Block& next = blocks[count].block;
    if (blocks[count].segment != blocks.front().segment) break;
    if (next.offset != before.offset + before.length) break;
    if (Segment::span_of(first, next).bytes > kPieceBytes) break;
  }
  return count;
}

}  // namespace

/// What one call has read, or a block that is larger.
struct StoredReader::Piece {
  std::shared_ptr<Chunk> memory;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> keys;  ///< Segment and offset of each block.
  bool is_ahead = false;                                      ///< Nobody has asked for it yet.
};

/// A block in memory, and what keeps it there.
struct StoredReader::Held {
  std::shared_ptr<Piece> piece;
  std::span<const std::uint8_t> bytes;
};

/// What was read, by block. Thread-safe; `load` is the reader's thread's alone. Jobs share it: the
/// simulator's may outlive the reader.
class StoredReader::Pieces {
 public:
  Pieces(std::shared_ptr<ChunkPool> pool, std::size_t kept_bytes_max)
      : pool_(std::move(pool)), kept_bytes_max_(kept_bytes_max) {}

  /// The blocks from the first one on that are in memory.
  std::vector<Held> find(Blocks blocks);
  std::size_t count_held(Blocks blocks) const;
  /// The same, after reading what is not: all of them if nothing goes wrong, at least one.
  Result<std::vector<Held>> load(Blocks blocks);
  /// Reads the first run of `blocks` unless it is there already, or there is no room for it.
  void load_ahead(Blocks blocks);
  /// How many more bytes may be read ahead; less what is and nobody has asked for yet.
  std::size_t room_ahead() const;
  /// Whether a page ended where this one begins. Remembers where this one ends.
  bool goes_on(ShardRef shard, Position from, Position next);
  void clear();
  void close();
  Counts counts() const;

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;
  static Key key_of(const StoredBlock& stored) {
    return {stored.segment->number(), stored.block.offset};
  }
  bool holds(const StoredBlock& stored) const;
  Result<std::vector<Held>> read_run(Blocks run, bool is_ahead, bool forced);
  void keep(const std::vector<Held>& blocks);
  void make_room(std::size_t bytes);
  std::shared_ptr<Piece> forget();  ///< The oldest; its memory goes with what is returned.

  const std::shared_ptr<ChunkPool> pool_;
  const std::size_t kept_bytes_max_;
  mutable std::mutex mutex_;
  std::map<Key, Held> places_;
  std::deque<std::shared_ptr<Piece>> pieces_;  ///< Oldest first.
  std::size_t kept_bytes_ = 0;
  std::size_t ahead_bytes_ = 0;
  std::deque<std::pair<ShardRef, Position>> ends_;
  std::uint64_t pieces_read_ = 0;
  bool closed_ = false;
};

std::vector<StoredReader::Held> StoredReader::Pieces::find(Blocks blocks) {
  std::vector<Held> found;
  const std::lock_guard lock(mutex_);
  for (const StoredBlock& stored : blocks) {
    const auto place = places_.find(key_of(stored));
    if (place == places_.end()) break;
    Piece& piece = *place->second.piece;
    if (std::exchange(piece.is_ahead, false)) ahead_bytes_ -= piece.memory->capacity();
    found.push_back({place->second.piece, place->second.bytes});
  }
  return found;
}

bool StoredReader::Pieces::holds(const StoredBlock& stored) const {
  const std::lock_guard lock(mutex_);
  return places_.contains(key_of(stored));
}

std::size_t StoredReader::Pieces::count_held(Blocks blocks) const {
  std::size_t count = 0;
  while (count < blocks.size() && holds(blocks[count])) ++count;
  return count;
}

Result<std::vector<StoredReader::Held>> StoredReader::Pieces::load(Blocks blocks) {
  std::vector<Held> loaded;
  const auto add = [&loaded](std::vector<Held>&& held) {
    std::move(held.begin(), held.end(), std::back_inserter(loaded));
  };
  while (loaded.size() < blocks.size()) {
    Blocks rest = blocks.subspan(loaded.size());
    if (std::vector<Held> held = find(rest); !held.empty()) {
      add(std::move(held));
      continue;
    }
    const auto held = std::find_if(rest.begin() + 1, rest.end(),
                                   [this](const StoredBlock& stored) { return holds(stored); });
    rest = rest.first(static_cast<std::size_t>(held - rest.begin()));
    auto read = read_run(rest.first(run_length(rest)), false, false);
    if (!read.ok() && !loaded.empty()) break;
    // What lies before the damage is still to be had, and one block is when memory is spent.
    if (!read.ok()) read = read_run(rest.first(1), false, true);
    if (!read.ok()) return std::move(read).error();
    add(std::move(read).value());
  }
  return loaded;
}

void StoredReader::Pieces::load_ahead(Blocks run) {
  run = run.subspan(count_held(run));
  if (run.empty() || room_ahead() == 0) return;
  if (const auto read = read_run(run, true, false); read.ok()) return;
  // Whoever asks for it reads it again, and is told what is wrong with it.
}

/// Into memory, checked, and kept. kUnavailable: no memory.
Result<std::vector<StoredReader::Held>> StoredReader::Pieces::read_run(Blocks run, bool is_ahead,
                                                                       bool forced) {
  const Segment& segment = *run.front().segment;
  const Segment::Span span = Segment::span_of(run.front().block, run.back().block);
  const auto piece = std::make_shared<Piece>();
  piece->memory = pool_->make(span.bytes, forced);
  piece->is_ahead = is_ahead;
  if (piece->memory == nullptr) {
    return Error{EngineErrc::kUnavailable, "the memory budget is spent"};
  }
  const std::span<std::uint8_t> bytes = piece->memory->memory().first(span.bytes);
  TRY_OK(segment.read(span, bytes));
  std::vector<Held> blocks;
  for (const StoredBlock& stored : run) {
    const auto block = bytes.subspan(stored.block.offset - span.offset, stored.block.length);
    TRY_OK(segment.check(stored.block, block));
    piece->keys.push_back(key_of(stored));
    blocks.push_back({piece, block});
  }
  keep(blocks);
  return blocks;
}

void StoredReader::Pieces::keep(const std::vector<Held>& blocks) {
  const std::shared_ptr<Piece>& piece = blocks.front().piece;
  const std::size_t bytes = piece->memory->capacity();
  const std::lock_guard lock(mutex_);
  ++pieces_read_;
  if (closed_ || bytes > kept_bytes_max_) return;
  make_room(bytes);
  pieces_.push_back(piece);
  kept_bytes_ += bytes;
  if (piece->is_ahead) ahead_bytes_ += bytes;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    places_.insert_or_assign(piece->keys[i], blocks[i]);
  }
}

/// The oldest go first, also those nobody has asked for: their reader may have stopped. What is
/// ahead of one that goes on has its turn, because at most half of the room is for that.
void StoredReader::Pieces::make_room(std::size_t bytes) {
  while (kept_bytes_ + bytes > kept_bytes_max_ && !pieces_.empty()) forget();
}

std::shared_ptr<StoredReader::Piece> StoredReader::Pieces::forget() {
  std::shared_ptr<Piece> piece = std::move(pieces_.front());
  pieces_.pop_front();
  for (const Key& key : piece->keys) {
    const auto place = places_.find(key);
    if (place != places_.end() && place->second.piece == piece) places_.erase(place);
  }
  kept_bytes_ -= piece->memory->capacity();
  if (piece->is_ahead) ahead_bytes_ -= piece->memory->capacity();
  piece->is_ahead = false;
  return piece;
}

std::size_t StoredReader::Pieces::room_ahead() const {
  const std::lock_guard lock(mutex_);
  const std::size_t most = closed_ ? 0 : kept_bytes_max_ / 2;
  return most - std::min(most, ahead_bytes_);
}

bool StoredReader::Pieces::goes_on(ShardRef shard, Position from, Position next) {
  const std::lock_guard lock(mutex_);
  const auto end = std::find(ends_.begin(), ends_.end(), std::pair(shard, from));
  const bool found = end != ends_.end();
  if (found) ends_.erase(end);
  if (ends_.size() == kEndsMax) ends_.pop_front();
  ends_.emplace_back(shard, next);
  return found;
}

void StoredReader::Pieces::clear() {
  std::vector<std::shared_ptr<Piece>> gone;  // Before the lock, so that it outlives it.
  const std::lock_guard lock(mutex_);
  while (!pieces_.empty()) gone.push_back(forget());
}

void StoredReader::Pieces::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  clear();
}

StoredReader::Counts StoredReader::Pieces::counts() const {
  const std::lock_guard lock(mutex_);
  return {kept_bytes_, pieces_read_};
}

// --- The reader -----------------------------------------------------------------------------

StoredReader::StoredReader(env::Workers& workers, std::shared_ptr<ChunkPool> pool,
                           std::size_t kept_bytes_max, Unreadable unreadable)
    : pieces_(std::make_shared<Pieces>(std::move(pool), kept_bytes_max)),
      unreadable_(std::move(unreadable)),
      worker_(workers.make("reader")) {}

StoredReader::~StoredReader() { pieces_->close(); }

void StoredReader::clear() { pieces_->clear(); }

StoredReader::Counts StoredReader::counts() const { return pieces_->counts(); }

Task<Result<std::vector<StoredReader::Held>>> StoredReader::load(std::shared_ptr<Shard> shard,
                                                                 std::vector<StoredBlock> blocks) {
  std::vector<Held> held = pieces_->find(blocks);
  if (held.size() == blocks.size()) co_return held;
  auto job = [pieces = pieces_, &unreadable = unreadable_, shard, blocks = std::move(blocks)] {
    auto loaded = pieces->load(blocks);
    // It fails when its first block does.
    if (!loaded.ok()) unreadable(*shard, blocks.front(), loaded.error());
    return loaded;
  };
  co_return co_await env::run_blocking(*worker_, std::move(job));
}

Task<Result<Slice>> StoredReader::read(std::shared_ptr<Shard> shard, Shard::BlockRead read,
                                       ReadLimits limits) {
  CO_TRY(const std::vector<Held> blocks, co_await load(shard, read.blocks));
  Slice slice;
  slice.next = read.from;
  slice.trimmed = read.trimmed;
  auto pins = std::make_shared<std::vector<std::shared_ptr<const void>>>();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Position limit = std::min(read.blocks[i].block.next, read.limit);
    // Blocks may overlap: what the one before gave is not given again.
    const Position from = std::max(read.from, slice.next);
    if (pins->empty() || pins->back() != blocks[i].piece) pins->push_back(blocks[i].piece);
    if (add_records(slice, blocks[i].bytes.data(), from, limit, limits)) break;
  }
  slice.end_of_shard = read.sealed_at.has_value() && slice.next >= *read.sealed_at;
  slice.pin = std::move(pins);
  if (pieces_->goes_on(shard->ref(), read.from, slice.next)) {
    read_ahead(*shard, slice.next, slice.bytes);
  }
  co_return slice;
}

/// As much as the page before had, one job a piece: so that others get their turn.
void StoredReader::read_ahead(const Shard& shard, Position from, std::size_t bytes) {
  bytes = std::min(std::max(bytes, kPieceBytes), pieces_->room_ahead());
  const std::vector<StoredBlock> blocks = shard.blocks_from(from, bytes);
  Blocks rest = Blocks(blocks).subspan(pieces_->count_held(blocks));
  while (!rest.empty()) {
    const Blocks run = rest.first(run_length(rest));
    rest = rest.subspan(run.size());
    worker_->post(
        [pieces = pieces_, run = std::vector(run.begin(), run.end())] { pieces->load_ahead(run); });
  }
}

Task<Result<Position>> StoredReader::locate(std::shared_ptr<Shard> shard, Shard::BlockRead read,
                                            ServiceTime at) {
  CO_TRY(const std::vector<Held> loaded, co_await load(shard, read.blocks));
  for (auto bytes = loaded.front().bytes; !bytes.empty();) {
    const RecordsHeader header = records_header(bytes.data());
    if (header.arrival >= at) co_return std::max(header.first, read.from);
    bytes = bytes.subspan(header.length);
  }
  co_return read.blocks.back().block.next;
}

}  // namespace penstock::engine::local
