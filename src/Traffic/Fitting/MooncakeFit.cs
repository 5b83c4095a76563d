using System.Globalization;
using Orrery.Documents;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Readers.Formats;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Fitting;

/// <summary>
/// The Mooncake conversation trace as a prefix tree: a request that shares more than the common root with an earlier one continues that
/// one's session; a session's number of turns comes from the
/// probability to go on after each turn, counted only where enough of the trace is left to see the next turn.
/// </summary>
internal static class MooncakeFit
{
    private const double WindowSeconds = 60;

    /// <summary>The recorder stamps arrivals every 3 seconds (the trace's own gaps).</summary>
    private const double TickSeconds = 3;

    /// <summary>Blocks that all conversations of the trace share.</summary>
    private const int RootBlocks = 1;

    private const int FirstBins = 10;

    private const int NextBins = 5;

    /// <summary>
    /// Turns this close to the end of the trace do not tell whether the session goes on; 95 % of the turn gaps are shorter.
    /// </summary>
    private const double CensoredSeconds = 615;

    /// <summary>Probabilities to go on are pooled from this turn on: fewer than a hundred sessions get there.</summary>
    private const int PooledTurn = 6;

    private const int MostTurns = 24;

    internal static (FitSample Data, Node Traffic) Fit(string dataDir)
    {
        string path = Path.Combine(dataDir, "traces-mooncake-fast25", "conversation_trace.jsonl.gz");
        List<Turn> turns = Sessions(path);
        using TraceSource trace = TraceSource.Open(path);
        FitSample data = FitSample.Of(trace);
        double span = data.ArrivalSeconds[^1];
        double[] weights = TurnWeights(turns, span);
        double meanTurns = weights.Select((w, i) => w * (i + 1)).Sum() / weights.Sum();
        Turn[] first = [.. turns.Where(t => t.Number == 1)];
        Turn[] next = [.. turns.Where(t => t.Number > 1)];
        int windows = (int)Math.Round(span / WindowSeconds);
        double width = span / windows;
        var starts = new double[windows];
        foreach (Turn turn in first) starts[Math.Min(windows - 1, (int)(turn.Seconds / width))]++;
        Node traffic = FitReport.Map(
            FitReport.Word("generator", "prefix-tree"),
            FitReport.Word("rate", string.Create(CultureInfo.InvariantCulture, $"{FitReport.Rounded(first.Length / span * meanTurns)}/s")),
            FitReport.Word("duration", string.Create(CultureInfo.InvariantCulture, $"{span + TickSeconds}s")),
            FitReport.Word("window", string.Create(CultureInfo.InvariantCulture, $"{Math.Round(width, 6)}s")),
            FitReport.List("factors", starts.Select(s => s / first.Length * windows)),
            FitReport.Word("tick", string.Create(CultureInfo.InvariantCulture, $"{TickSeconds}s")),
            FitReport.Number("blockTokens", MooncakeParser.BlockTokens),
            FitReport.Number("rootBlocks", RootBlocks),
            FitReport.List("turnWeights", weights),
            FitReport.Entry("turnGapSeconds", LengthFit.Curve(next.Select(t => Math.Max(t.GapSeconds, TickSeconds / 2)))),
            FitReport.Entry("keptShare", LengthFit.Curve(next.Select(t => Math.Clamp(t.KeptShare, 0.001, 1)))),
            FitReport.Entry("first", LengthFit.Joint([.. first.Select(t => t.FreshTokens)], [.. first.Select(t => t.OutputTokens)],
                FirstBins)),
            FitReport.Entry("next", LengthFit.Joint([.. next.Select(t => t.FreshTokens)], [.. next.Select(t => t.OutputTokens)],
                NextBins)));
        return (data, traffic);
    }

    private static List<Turn> Sessions(string path)
    {
        var owners = new Dictionary<ulong, int>();
        var sessions = new List<(int Turns, double LastSeconds, int FullBlocks)>();
        var turns = new List<Turn>();
        using TraceSource trace = TraceSource.Open(path);
        SourceDrain.ForEach(trace, default, request =>
        {
            TokenSpan[] blocks = request.Content ?? [];
            int shared = blocks.Length;
            int session = -1;
            while (shared > RootBlocks && !owners.TryGetValue(blocks[shared - 1].ContentId, out session)) shared--;
            bool isNew = shared <= RootBlocks;
            if (isNew)
            {
                session = sessions.Count;
                sessions.Add(default);
            }
            (int count, double last, int full) = sessions[session];
            double at = request.Arrival.Seconds;
            int kept = isNew ? 0 : shared;
            turns.Add(new Turn(session, count + 1, at, at - last, kept / (double)Math.Max(1, full),
                Math.Max(1, request.PromptTokens - (kept * MooncakeParser.BlockTokens)), request.OutputTokens));
            int fullBlocks = request.PromptTokens / MooncakeParser.BlockTokens;
            sessions[session] = (count + 1, at, fullBlocks);
            for (int i = RootBlocks; i < fullBlocks; i++) owners[blocks[i].ContentId] = session;
        });
        return turns;
    }

    private static double[] TurnWeights(List<Turn> turns, double span)
    {
        var seen = new double[MostTurns + 1];
        var continued = new double[MostTurns + 1];
        var turnsOf = turns.GroupBy(t => t.Session).ToDictionary(g => g.Key, g => g.Count());
        foreach (Turn turn in turns.Where(t => t.Seconds < span - CensoredSeconds))
        {
            int number = Math.Min(turn.Number, PooledTurn);
            seen[number]++;
            if (turnsOf[turn.Session] > turn.Number) continued[number]++;
        }
        var weights = new double[MostTurns];
        double alive = 1;
        for (int turn = 1; turn <= MostTurns; turn++)
        {
            int number = Math.Min(turn, PooledTurn);
            double goesOn = turn == MostTurns || seen[number] == 0 ? 0 : continued[number] / seen[number];
            weights[turn - 1] = alive * (1 - goesOn);
            alive *= goesOn;
        }
        return weights;
    }

    private sealed record Turn(int Session, int Number, double Seconds, double GapSeconds, double KeptShare, int FreshTokens,
        int OutputTokens);
}
