using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Fleets;

/// <summary>
/// Running requests go to another replica with their KV. Whole blocks are append-only, so they are copied while the request decodes on; for the
/// rest it stops (Llumnix, OSDI 2024). Memory at the destination is set aside before each copy; a request that finishes, is preempted or
/// finds no room meanwhile stays, and what was set aside is given back.
/// </summary>
internal sealed class Migrations(Clock clock, ReplicaLinks links, FleetMoves moves)
{
    private static readonly Duration Moment = Duration.FromNanoseconds(1);

    /// <summary>Told of the replica that a sequence has left.</summary>
    public Action<FleetMember>? Left { get; set; }

    /// <summary>Starts to move a sequence; each replica sends or receives one at a time.</summary>
    public void Begin(Sequence sequence, FleetMember from, FleetMember to, MigrationOptions options)
    {
        from.IsMigrating = true;
        to.IsMigrating = true;
        clock.Spawn("a migration", () => Run(sequence, from, to, options), background: true);
    }

    private async ValueTask Run(Sequence sequence, FleetMember from, FleetMember to, MigrationOptions options)
    {
        Signal detached = new(clock, "the end of a step");
        int losses = sequence.KvLosses;
        int reserved = 0;
        int sentTokens = 0;
        bool goesOn = true;
        for (int stage = 0; options is { Live: true, Recompute: false } && stage < options.Stages && goesOn; stage++)
        {
            int block = to.Replica.Memory.BlockTokens;
            int whole = from.Replica.ComputedNow(sequence) / block * block;
            // The last block of a request is still written to.
            int tokens = whole - sentTokens;
            if (tokens <= 0 || (stage > 0 && tokens <= options.LastBlocks * block)) break;
            int blocks = to.Replica.Memory.BlocksFor(whole) - reserved;
            if (!Takes(to, blocks))
            {
                goesOn = false;
                break;
            }
            reserved += blocks;
            long bytes = tokens * from.Replica.KvBytesPerToken;
            moves.MigrationBytes += bytes;
            await links.Send(from, to, bytes, options.Handshake);
            await clock.Until(clock.Now, Phase.React);
            sentTokens = whole;
            goesOn = IsThere(sequence, from, to, losses);
        }
        if (goesOn)
        {
            bool isOut = false;
            from.Replica.Detach(sequence, answer =>
            {
                isOut = answer;
                detached.Set();
            });
            await detached.Wait();
            // Others may plan at this very instant: they shall have done so.
            await clock.Delay(Moment, Phase.React);
            goesOn = isOut && await FinishAsync();
        }
        if (!goesOn)
        {
            if (reserved > 0) to.Replica.Unreserve(reserved);
            moves.AbortedMigrations++;
        }
        from.IsMigrating = false;
        to.IsMigrating = false;
        Left?.Invoke(from);

        async ValueTask<bool> FinishAsync()
        {
            Instant stopped = clock.Now;
            int tokens = sequence.ComputedTokens;
            int blocks = to.Replica.Memory.BlocksFor(tokens) - reserved;
            // Its client may have left within that moment.
            if (sequence.IsGone) return false;
            bool fits = to.State == MemberState.Serving && from.State != MemberState.Stopped && sequence.KvLosses == losses && (options.Recompute ? to.Replica.WaitingRequests == 0 : Takes(to, blocks));
            if (!fits)
            {
                from.Replica.Reattach(sequence);
                return false;
            }
            if (!options.Recompute)
            {
                reserved += blocks;
                long bytes = (tokens - sentTokens) * from.Replica.KvBytesPerToken;
                moves.MigrationBytes += bytes;
                await links.Send(from, to, bytes, options.Handshake);
                await clock.Until(clock.Now, Phase.React);
                if (sequence.IsGone || to.State == MemberState.Stopped || from.State == MemberState.Stopped)
                {
                    // Where its own machine has gone, it is given up there with the others.
                    if (!sequence.IsGone) from.Replica.Reattach(sequence);
                    return false;
                }
            }
            from.Replica.LetGo(sequence);
            if (options.Recompute)
            {
                sequence.ComputedTokens = 0;
                to.Replica.Submit(sequence);
            }
            else
            {
                to.Replica.Accept(sequence, reserved, tokens);
                reserved = 0;
            }
            Duration downtime = clock.Now - stopped;
            moves.Migrations++;
            moves.Downtime += downtime;
            moves.LongestDowntime = Duration.Max(moves.LongestDowntime, downtime);
            sequence.Moves++;
            sequence.MovingFor += downtime;
            return true;
        }
    }

    /// <summary>Whoever has a queue of its own refuses (Llumnix, later version, b).</summary>
    private static bool Takes(FleetMember to, int blocks) => to.Replica.WaitingRequests == 0 && to.Replica.TryReserve(blocks);

    private static bool IsThere(Sequence sequence, FleetMember from, FleetMember to, int losses) =>
        sequence is { IsGone: false, KvBlocks: > 0, IsPaused: false, IsMoving: false }
        && sequence.Replica == from.Replica.Index && sequence.KvLosses == losses && to.State == MemberState.Serving && from.State != MemberState.Stopped;
}
