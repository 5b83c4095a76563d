using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.HfStatic;

/// <summary>
/// Static batching: collect rows until the batch is full or the first has waited long enough; pad all prompts to the longest, compute
/// them together, decode until the last row has finished. Finished rows go on costing compute and memory, and nobody joins.
/// </summary>
/// <remarks>
/// All rows hold P_max + s tokens of KV after s decode steps. A batch is formed only as large as memory can hold in the worst case, all
/// rows at P_max plus the largest output limit among them, so it can never run out; without client limits that is the model's limit and
/// batches are small. Copies when the KV grows by concatenation are not charged.
/// </remarks>
public sealed class HfStatic(int maxBatchSize, Duration timeout) : IScheduler
{
    private readonly WaitingQueue _waiting = new(byPriority: false);
    private readonly List<Sequence> _rows = [];

    /// <summary>Tokens of KV that every row holds.</summary>
    private int _width;
    private bool _isStarting;
    private int _deadRows;
    private int _deadBlocks;

    public int WaitingCount => _waiting.Count;

    public int RunningCount => _rows.Count;

    public void Enqueue(Sequence sequence) => _waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence)
    {
        if (_rows.Remove(sequence)) _deadRows++;
        else _waiting.Remove(sequence);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        _isStarting = _rows.Count == 0;
        if (_isStarting)
        {
            EndBatch(view.Memory);
            TryStartBatch(view, plan);
        }
        else if (!_rows.Exists(static row => row.InFlight))
        {
            Decode(view.Memory, plan);
        }
    }

    /// <summary>Until the rows need their next block; whoever waits does so until the batch has ended.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        // The first step of a batch can look like decodes, when a cache holds all but one token of rows that were here before.
        if (_isStarting) return Stability.OneStep;
        int next = _width + 1;
        return new(view.Memory.BlocksFor(next) * view.Memory.BlockTokens - next + 1, ArrivalsMatter: false);
    }

    public void Advance(StepPlan plan, int steps)
    {
        if (!_isStarting) _width += steps;
    }

    private void TryStartBatch(ReplicaView view, StepPlan plan)
    {
        if (_waiting.Count == 0) return;
        int rows = RowsThatFit(view.Memory, out int longestPrompt);
        // Full, or the next request would not fit into it anyway, or the first has waited long enough.
        bool isFull = rows == maxBatchSize || rows < _waiting.Count;
        Instant due = _waiting.Peek().Arrival + timeout;
        if (!isFull && view.Now < due)
        {
            plan.RetryAt = due;
            return;
        }
        _width = longestPrompt;
        for (int i = 0; i < rows; i++)
        {
            Sequence row = _waiting.Peek();
            _waiting.RemoveFirst();
            if (!view.Memory.TryGrow(row, row.TotalTokens, _width)) throw Outgrown();
            _rows.Add(row);
            plan.Add(row, row.MissingTokens, _width - row.TotalTokens);
        }
    }

    /// <summary>Rows from the head of the queue that memory holds even if all of them last as long as the longest may.</summary>
    private int RowsThatFit(IKvMemory memory, out int longestPrompt)
    {
        longestPrompt = 0;
        int longestOutput = 0;
        int rows = 0;
        foreach (Sequence sequence in _waiting)
        {
            int prompt = Math.Max(longestPrompt, sequence.TotalTokens);
            int output = Math.Max(longestOutput, sequence.MaxTokens - sequence.GeneratedTokens);
            bool fits = (rows + 1L) * memory.BlocksFor(prompt + output) <= memory.FreeBlocks;
            // Alone it always fits: prompt and output limit are within what the replica accepts.
            if (rows == maxBatchSize || (rows > 0 && (!fits || rows == memory.FreeSlots))) break;
            longestPrompt = prompt;
            longestOutput = output;
            rows++;
        }
        return rows;
    }

    private void Decode(IKvMemory memory, StepPlan plan)
    {
        int width = _width + 1;
        int blocks = memory.BlocksFor(width) * _deadRows;
        if (blocks > _deadBlocks && !memory.TryReserve(blocks - _deadBlocks)) throw Outgrown();
        _deadBlocks = Math.Max(_deadBlocks, blocks);
        foreach (Sequence row in _rows)
        {
            if (!memory.TryGrow(row, row.ComputedTokens + 1, width)) throw Outgrown();
            plan.Add(row, 1, _width - row.ComputedTokens);
        }
        plan.Pad(_deadRows, width);
    }

    private void EndBatch(IKvMemory memory)
    {
        if (_deadBlocks > 0) memory.Unreserve(_deadBlocks);
        _deadBlocks = 0;
        _deadRows = 0;
    }

    private static InvalidOperationException Outgrown() => new("a static batch outgrew the memory that its worst case was checked against");
}
