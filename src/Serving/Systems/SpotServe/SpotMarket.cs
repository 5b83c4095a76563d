using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Elasticity;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>What changes at one instant. Machines are numbered from 0 in the order in which they come; a number is never used again.</summary>
/// <param name="At">When machines are there or gone, or another rate is required.</param>
/// <param name="RequiredRate">In requests per second; null: as before.</param>
public sealed record MarketChange(Instant At, IReadOnlyList<int> Added, IReadOnlyList<int> Removed, double? RequiredRate);

/// <summary>Which machines come and go.</summary>
public static class SpotMarket
{
    /// <summary>Machines that go in the traces of the study, by the name of the trace (b).</summary>
    public static readonly IReadOnlyDictionary<string, string> KnownLosses = new Dictionary<string, string>
    {
        ["spot-a"] = "600:8, 1200:3 10",
        ["spot-b"] = "120:4 8, 240:0",
        ["spot-a-filled"] = "600:8, 1200:0 7",
        ["spot-b-filled"] = "120:4 8, 240:0",
        ["spot-a-load"] = "600:8 9",
        ["spot-b-load"] = "120:4 8, 240:0, 600:13 14",
    };

    /// <summary>Spot machines within the traces that on-demand machines fill up, by the name of the trace (b).</summary>
    public static readonly IReadOnlyDictionary<string, string> SpotWithin = new Dictionary<string, string>
    {
        ["spot-a-filled"] = "spot-a",
        ["spot-b-filled"] = "spot-b",
        ["spot-a-load"] = "spot-a",
        ["spot-b-load"] = "spot-b",
    };

    /// <summary>All changes in order, the first at 0.</summary>
    /// <param name="capacity">Machines over time.</param>
    /// <param name="losses"><c>TIME:MACHINE MACHINE, …</c>: who goes at a removal; where it says nothing, chance decides.</param>
    /// <param name="required">Required rate over time.</param>
    /// <param name="random">The stream of losses.</param>
    /// <exception cref="InputException">The losses do not go with the capacity.</exception>
    public static IReadOnlyList<MarketChange> Changes(CapacityTrace capacity, string losses, RateSteps required, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(capacity);
        ArgumentNullException.ThrowIfNull(required);
        ArgumentNullException.ThrowIfNull(random);
        SortedDictionary<Instant, List<int>> named = ReadLosses(losses);
        List<int> running = [];
        List<MarketChange> changes = [];
        int next = 0;
        foreach (CapacityChange change in capacity.Changes)
        {
            List<int> added = [], removed = [];
            while (running.Count + added.Count < change.Units) added.Add(next++);
            if (running.Count > change.Units)
                removed = named.Remove(change.At, out List<int>? told) ? Told(told, running, change) : Drawn(running, running.Count - change.Units, random);
            running.RemoveAll(removed.Contains);
            running.AddRange(added);
            changes.Add(new MarketChange(change.At, added, removed, null));
        }
        if (named.Count > 0) throw new InputException($"lost: at {Text(named.Keys.First().Seconds)} s the capacity does not fall; name machines at removals only");
        return WithRates(changes, required);
    }

    private static List<MarketChange> WithRates(List<MarketChange> changes, RateSteps required)
    {
        foreach ((Instant at, double perSecond) in required.Steps)
        {
            int same = changes.FindIndex(change => change.At == at);
            if (same >= 0) changes[same] = changes[same] with { RequiredRate = perSecond };
            else changes.Add(new MarketChange(at, [], [], perSecond));
        }
        return [.. changes.OrderBy(change => change.At)];
    }

    private static List<int> Told(List<int> told, List<int> running, CapacityChange change)
    {
        int stranger = told.FindIndex(machine => !running.Contains(machine));
        if (stranger >= 0) throw new InputException($"lost: machine {Text(told[stranger])} does not run at {Text(change.At.Seconds)} s; running: {string.Join(' ', running)}");
        if (told.Distinct().Count() != running.Count - change.Units)
            throw new InputException($"lost: at {Text(change.At.Seconds)} s {Text(running.Count - change.Units)} machines go, and {Text(told.Distinct().Count())} are named; name as many");
        return told;
    }

    private static List<int> Drawn(List<int> running, int count, RandomStream random)
    {
        List<int> left = [.. running], drawn = [];
        for (int i = 0; i < count; i++)
        {
            int at = random.NextInt(left.Count);
            drawn.Add(left[at]);
            left.RemoveAt(at);
        }
        return drawn;
    }

    private static SortedDictionary<Instant, List<int>> ReadLosses(string losses)
    {
        SortedDictionary<Instant, List<int>> named = [];
        foreach (string part in losses.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = part.Split(':', 2, StringSplitOptions.TrimEntries);
            List<int> machines = [];
            bool good = sides.Length == 2 && double.TryParse(sides[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0 and <= 1e9;
            foreach (string machine in good ? sides[1].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [])
            {
                good &= int.TryParse(machine, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
                machines.Add(number);
            }
            if (!good || machines.Count == 0) throw new InputException($"lost: '{part}' is no loss; write TIME:MACHINE MACHINE, such as '600:8, 1200:3 10'");
            if (!named.TryAdd(Instant.FromSeconds(double.Parse(sides[0], CultureInfo.InvariantCulture)), machines))
                throw new InputException($"lost: '{part}' names a time a second time; list all machines of a time together");
        }
        return named;
    }

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
