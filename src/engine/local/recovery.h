#pragma once

#include "base/result.h"
#include "engine/local/core.h"
#include "engine/local/data_folder.h"
#include "engine/local/journal.h"
#include "engine/local/journal_files.h"
#include "engine/local/store.h"

namespace penstock::engine::local {

/// Brings a data folder into memory: snapshot, segments' indexes, journal. Leaves the journal open
/// behind its last commit, and the epoch counted up, durably. Blocking.
///
/// fails     EngineErrc::kCorrupt   the snapshot, or commits that changed documents or shards, are
///                                  damaged: going on would be a guess
///           Errc::kIo, kNoSpace
/// Damaged records do not fail it: their positions are fenced, named in the log and in the report.
Result<OpenReport> recover(Core& core, const DataFolder& folder, JournalFiles& files,
                           Journal& journal, Store& store);

}  // namespace penstock::engine::local
