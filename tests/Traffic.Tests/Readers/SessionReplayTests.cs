using System.Globalization;
using Orrery.Kernel.Random;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Readers;

/// <summary>Sessions of a trace wait for their answers.</summary>
public sealed class SessionReplayTests
{
    private const string Header = "arrival_seconds,prompt_tokens,output_tokens,session,think_seconds,id\n";

    [Fact]
    public void A_turn_comes_after_the_answer_and_the_think_time_but_not_before_its_stamp()
    {
        const string rows = "0,1,1,7,,a\n1,1,1,7,2,b\n1.5,1,1,,,alone\n2,1,1,8,3,first\n40,1,1,7,2,c\n41,1,1,7,,d\n";
        Assert.Equal(
            [("a", 0), ("alone", 1.5), ("first", 2), ("b", 12), ("c", 40), ("d", 50)],
            Played(rows, latencySeconds: 10).Select(r => (r.Label, r.Arrival.Seconds)));
        Assert.Equal(
            [("a", 0), ("alone", 1.5), ("first", 2), ("b", 102), ("c", 204), ("d", 304)],
            Played(rows, latencySeconds: 100).Select(r => (r.Label, r.Arrival.Seconds)));
    }

    [Fact]
    public void Speed_shortens_thinking_and_passes_share_no_session()
    {
        const string rows = "0,1,1,7,,a\n1,1,1,7,2,b\n";
        Assert.Equal([0, 11], Played(rows, 10, "speed: 2x").Select(r => r.Arrival.Seconds));
        List<Request> twice = Played(rows, 10, "repeat: 2");
        Assert.Equal([0, 2, 12, 14], twice.Select(r => r.Arrival.Seconds));
        Assert.Equal(2, twice.Select(r => r.Session).Distinct().Count());
    }

    [Fact]
    public void No_turn_comes_early_and_none_is_lost()
    {
        RandomStream random = RandomStream.Root(11);
        for (int round = 0; round < 40; round++)
        {
            double latency = random.NextInt(5);
            int sessions = 1 + random.NextInt(6);
            int count = 5 + random.NextInt(200);
            var stamps = new List<(int Session, double Stamp, double? Think)>();
            double at = 0;
            for (int i = 0; i < count; i++)
            {
                at += random.NextInt(4) * 0.5;
                stamps.Add((random.NextInt(sessions + 1) - 1, at, random.NextInt(5) == 0 ? null : random.NextInt(9) * 0.5));
            }
            string rows = string.Concat(stamps.Select((s, i) => string.Create(
                CultureInfo.InvariantCulture, $"{s.Stamp},1,1,{(s.Session < 0 ? "" : s.Session)},{s.Think},{i}\n")));
            List<Request> played = Played(rows, latency);
            Assert.Equal(Enumerable.Range(0, count), played.Select(r => int.Parse(r.Label!, CultureInfo.InvariantCulture)).Order());
            Assert.Equal(played.Select(r => r.Arrival), played.Select(r => r.Arrival).Order());
            Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), played.Select(r => r.Id));
            var lastEnds = new Dictionary<long, double>();
            foreach (Request request in played)
            {
                (int session, double stamp, double? think) = stamps[int.Parse(request.Label!, CultureInfo.InvariantCulture)];
                double earliest = session >= 0 && lastEnds.TryGetValue(session, out double end) ? Math.Max(stamp, end + (think ?? 0)) : stamp;
                Assert.Equal(earliest, request.Arrival.Seconds, 9);
                lastEnds[session] = request.Arrival.Seconds + latency;
            }
        }
    }

    private static List<Request> Played(string rows, double latencySeconds, string options = "sort: false")
    {
        string folder = Directory.CreateTempSubdirectory("orrery-sessions").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "t.csv"), Header + rows);
            return Sources.All(Sources.Spec($"file: t.csv\n{options}\n", folder).Open(RandomStream.Root(1)), latencySeconds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
