using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Live.Designs;
using Orrery.Live.Tapes;
using Orrery.Serving.Calls;
using Orrery.Serving.Drafting;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Serving.Systems.InferCept;

namespace Orrery.Live.Tests.Tapes;

public sealed class TapeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-tape").FullName;

    public static TheoryData<string> LiveSchedulers => [.. Schedulers.Registry.All.Where(plugin => plugin.Default.WhyNotLive is null).Select(plugin => plugin.Name)];

    [Theory]
    [MemberData(nameof(LiveSchedulers))]
    public void A_replay_makes_every_decision_again(string scheduler)
    {
        for (int seed = 0; seed < 4; seed++)
        {
            string path = Record(Design(scheduler, seed), seed, out FakeLive live);
            ReplayReport report = TapeReplay.Run(path);
            Assert.True(report.Difference is null, $"seed {seed}: {report.Difference}");
            Assert.False(report.IsCut);
            Assert.Equal((120, live.Finished + live.Gone), (report.Requests, report.Departures));
            Assert.True(report.Decisions > 40, $"only {report.Decisions} decisions");
            Assert.True(report.Cancellations > 0 && live.Finished > 20, $"{report.Cancellations} cancellations, {live.Finished} finished");
        }
    }

    [Theory]
    [InlineData("\"running\":", "\"running\":1")]
    [InlineData(",0,0],", ",1,0],")]
    [InlineData("\"as\":\"finished\",\"output\":", "\"as\":\"finished\",\"output\":7")]
    public void A_tape_that_was_changed_is_found_out(string text, string changed)
    {
        string path = Record(Design("vllm-v1", 1), 1, out _);
        string[] lines = File.ReadAllLines(path);
        int line = Array.FindLastIndex(lines, l => l.Contains(text, StringComparison.Ordinal));
        lines[line] = lines[line].Replace(text, changed, StringComparison.Ordinal);
        File.WriteAllLines(path, lines);
        Assert.Contains($"line {line + 1}:", TapeReplay.Run(path).Difference, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_scheduler_decides_otherwise()
    {
        string path = Record(Design("vllm-v1", 2), 2, out _);
        string text = File.ReadAllText(path);
        int at = text.IndexOf("use: vllm-v1", StringComparison.Ordinal);
        Assert.True(at > 0);
        string other = YamlOf("vllm-v0");
        string own = YamlOf("vllm-v1");
        Assert.Contains(own, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(own, other, StringComparison.Ordinal));
        Assert.NotNull(TapeReplay.Run(path).Difference);
    }

    [Fact]
    public void A_tape_of_a_killed_process_replays_as_far_as_it_goes()
    {
        string path = Record(Design("sarathi-serve", 3), 3, out _);
        byte[] bytes = File.ReadAllBytes(path);
        RandomStream random = RandomStream.Root(9);
        for (int i = 0; i < 12; i++)
        {
            File.WriteAllBytes(path, bytes[..(bytes.Length / 4 + random.NextInt(bytes.Length / 2))]);
            ReplayReport report = TapeReplay.Run(path);
            Assert.Null(report.Difference);
            Assert.True(report.IsCut);
            Assert.True(report.Decisions > 0);
        }
    }

    [Fact]
    public void A_damaged_tape_is_refused_in_one_sentence()
    {
        string path = Record(Design("vtc", 4), 4, out _);
        string[] lines = File.ReadAllLines(path);
        RandomStream random = RandomStream.Root(10);
        for (int i = 0; i < 100; i++)
        {
            string[] mutant = [.. lines];
            int line = random.NextInt(lines.Length);
            char[] text = mutant[line].ToCharArray();
            for (int hits = 1 + random.NextInt(3); hits > 0; hits--) text[random.NextInt(text.Length)] = "{}[]\",:0-9xe"[random.NextInt(12)];
            mutant[line] = new(text);
            File.WriteAllLines(path, mutant);
            try
            {
                TapeReplay.Run(path);
            }
            catch (InputException refused)
            {
                Assert.StartsWith(path, refused.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void An_existing_file_is_not_overwritten()
    {
        string path = Path.Combine(_folder, "there");
        File.WriteAllText(path, "mine");
        Assert.Contains("exists already", Assert.Throws<InputException>(() => TapeRecorder.Create(path)).Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(path));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string YamlOf(string scheduler)
    {
        string yaml = Documents.YamlText.Write(Documents.Node.Map([KeyValuePair.Create("scheduler", Schedulers.Registry.ToNode(Schedulers.Registry.Find(scheduler).Default))]));
        return System.Text.Json.JsonEncodedText.Encode(yaml).ToString();
    }

    private static LiveDesign Design(string scheduler, int seed)
    {
        RandomStream random = RandomStream.Root((ulong)seed).Split(scheduler);
        SchedulerSpec spec = Schedulers.Registry.Find(scheduler).Default;
        bool swaps = spec.TakesKvBack && random.NextInt(2) == 0;
        return new()
        {
            Model = "fake",
            Scheduler = spec,
            Blocks = 24 + random.NextInt(40),
            PrefixCache = !swaps && random.NextInt(2) == 0,
            MaxModelTokens = 300,
            StepTokens = 512,
            DeviceMemory = Bytes.FromGibibytes(16),
            Swap = swaps ? new SwapOptions { Out = (CopyMode)random.NextInt(3), In = (CopyMode)random.NextInt(3) } : null,
            HostTokens = swaps ? 400 : 0,
            Calls = spec.TakesKvBack && random.NextInt(2) == 0 ? new InferCeptOptions() : new DiscardOptions(),
            Draft = spec.TakesDrafts && random.NextInt(2) == 0 ? new(new FixedDraftsOptions { Tokens = 3 }, true, int.MaxValue) : null,
        };
    }

    private string Record(LiveDesign design, int seed, out FakeLive live)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.jsonl");
        RandomStream random = RandomStream.Root((ulong)seed).Split("clients");
        using (live = new(design, File.Create(path), RandomStream.Root((ulong)seed).Split("engine")))
        {
            for (int i = 0; i < 120; i++)
            {
                int id = i;
                int prompt = 1 + random.NextInt(120);
                int most = 1 + random.NextInt(60);
                int client = random.NextInt(4);
                int priority = random.NextInt(3);
                ulong prefix = (ulong)random.NextInt(3) + 1;
                bool calls = random.NextInt(5) == 0;
                bool isLate = random.NextInt(10) == 0;
                live.Submit(now => new()
                {
                    Id = id,
                    Arrival = now,
                    PromptTokens = prompt,
                    OutputTokens = most,
                    MaxTokens = most,
                    Client = client,
                    Priority = priority,
                    Content = design.PrefixCache ? prompt <= 64 ? [new(prefix, prompt)] : [new(prefix, 64), new((ulong)id + 1000, prompt - 64)] : null,
                    Calls = calls && most > 10 ? [new(5, Duration.FromMicroseconds(700), 9)] : null,
                    Timeout = isLate ? Duration.FromMilliseconds(2) : Duration.Infinite,
                });
                if (random.NextInt(6) == 0) live.Cancel(random.NextInt(i + 1));
                if (random.NextInt(4) > 0) Thread.SpinWait(random.NextInt(20_000));
            }
            live.Drain();
        }
        return path;
    }
}
