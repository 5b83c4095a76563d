using System.Diagnostics;
using System.Globalization;
using Orrery.Kernel.Random;
using Orrery.Live.Hosting;
using Orrery.Live.Replicas;
using Orrery.Live.Settings;
using Orrery.Live.Tapes;

namespace Orrery.Live.Tests.Soak;

/// <summary>
/// The whole server under half as much again as it can do, with clients that hang up anywhere: no token lost or doubled, refusals by the book,
/// memory flat, every KV block free at the end, and a tape that replays. One minute; bench/soak.sh runs it for ten.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int UsualSeconds = 60;
    private const int AnswersAtATime = 12;

    /// <summary>What the managed heap may grow by after the first quarter: buffers that grow with the largest batch seen, not with time.</summary>
    private const long GrowthBytes = 8 << 20;

    [Fact]
    public async Task Overload_with_clients_that_leave_loses_nothing()
    {
        int seconds = int.TryParse(Environment.GetEnvironmentVariable("ORRERY_SOAK_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : UsualSeconds;
        string tapePath = Path.Combine(Path.GetTempPath(), $"orrery-soak-{Guid.NewGuid():N}.jsonl");
        try
        {
            using (TapeRecorder tape = TapeRecorder.Create(tapePath)) await RunAsync(seconds, tape);
            ReplayReport replay = TapeReplay.Run(tapePath);
            output.WriteLine($"{replay.Decisions} decisions and {replay.Departures} departures replayed");
            Assert.True(replay.Difference is null, replay.Difference);
            Assert.False(replay.IsCut);
        }
        finally
        {
            File.Delete(tapePath);
        }
    }

    private async Task RunAsync(int seconds, TapeRecorder tape)
    {
        // Memory for half of the answers that are let in: preemption is a part of it.
        ModelSettings model = new() { KvMemory = new(1 << 20), PrefixCache = true };
        await using LiveHost host = LiveHost.Start([model], new() { Tape = tape });
        ServeSettings settings = new() { Port = 0, Limits = new() { Requests = AnswersAtATime } };
        LiveServer server = await LiveServer.StartAsync(settings, new(host, KeyRing.Read(settings.Keys, _ => null), TimeProvider.System));
        await using (server)
        {
            using SocketsHttpHandler handler = new() { UseProxy = false };
            using HttpClient http = new(handler) { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(2) };
            SoakClients clients = new(http);
            await clients.LearnAsync();
            double perSecond = await CapacityAsync(clients);
            await LoadAsync(clients, perSecond * 1.5, seconds, output);
            Serving.Memory.IKvMemory memory = ((LiveModel)host.Models[0]).Replica.Memory;
            // Who hung up last may still be in its step.
            for (Stopwatch patience = Stopwatch.StartNew(); (server.InFlight > 0 || memory.UsedBlocks > 0) && patience.Elapsed.TotalSeconds < 10;) await Task.Delay(10);
            output.WriteLine($"{perSecond:0} requests a second alone; {clients.Finished} finished, {clients.Refused} refused, {clients.HungUp} hung up");
            Assert.True(clients.Wrong.IsEmpty, $"{clients.Wrong.Count} wrong, such as: {clients.Wrong.FirstOrDefault()}");
            Assert.Equal((0, 0), (server.InFlight, memory.UsedBlocks));
            Assert.True(clients.Finished > 20 && clients.Refused > 0 && clients.HungUp > 0, $"{clients.Finished} finished, {clients.Refused} refused, {clients.HungUp} hung up: no overload with disconnects");
        }
    }

    private static async Task<double> CapacityAsync(SoakClients clients)
    {
        Stopwatch watch = Stopwatch.StartNew();
        int done = clients.Finished;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async client =>
        {
            for (int i = 0; watch.Elapsed.TotalSeconds < 2; i++) await clients.AskAsync(client + (3 * i), -1);
        }));
        return (clients.Finished - done) / watch.Elapsed.TotalSeconds;
    }

    private static async Task LoadAsync(SoakClients clients, double perSecond, int seconds, ITestOutputHelper output)
    {
        RandomStream random = RandomStream.Root(17);
        List<Task> all = [];
        Stopwatch watch = Stopwatch.StartNew();
        double due = 0;
        long heapAtQuarter = 0;
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            due += -Math.Log(1 - random.NextDouble()) / perSecond;
            double wait = due - watch.Elapsed.TotalSeconds;
            if (wait > 0) await Task.Delay(TimeSpan.FromSeconds(wait));
            all.Add(clients.AskAsync(random.NextInt(1000), random.NextInt(4) == 0 ? random.NextInt(30) : -1));
            if (all.Count > 256) all.RemoveAll(task => task.IsCompleted);
            if (heapAtQuarter == 0 && watch.Elapsed.TotalSeconds > seconds / 4.0) heapAtQuarter = GC.GetTotalMemory(forceFullCollection: true);
        }
        await Task.WhenAll(all);
        long heap = GC.GetTotalMemory(forceFullCollection: true);
        output.WriteLine($"managed heap {heapAtQuarter >> 10} KiB after a quarter, {heap >> 10} KiB at the end");
        Assert.True(heap - heapAtQuarter < GrowthBytes, $"the heap grew from {heapAtQuarter} to {heap} bytes");
    }
}

/// <summary>Tests that look at the whole process: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
