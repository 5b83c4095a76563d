using System.Text;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Readers;

public class TraceOptionTests
{
    private const string Csv = "arrival_seconds,prompt_tokens,output_tokens,prefix_id,prefix_tokens\n0,1,1,7,1\n1,2,2,,\n2,3,3,,\n3,4,4,,\n";

    [Fact]
    public void Speed_divides_times() => Assert.Equal([0, 0.5, 1, 1.5], Seconds(new TraceOptions { Speed = 2 }));

    [Fact]
    public void Limit_counts_requests() => Assert.Equal([0, 1], Seconds(new TraceOptions { Limit = 2 }));

    [Fact]
    public void Window_starts_at_zero_and_excludes_its_end() =>
        Assert.Equal([0, 1], Seconds(new TraceOptions { From = Duration.FromSeconds(1), To = Duration.FromSeconds(3) }));

    [Fact]
    public void A_repeat_follows_after_one_mean_gap() => Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Seconds(new TraceOptions { Repeat = 2 }));

    [Fact]
    public void A_repeated_window_follows_at_its_end() =>
        Assert.Equal([0, 1, 2.5, 3.5], Seconds(
            new TraceOptions { From = Duration.FromSeconds(0.5), To = Duration.FromSeconds(3), Repeat = 2 }).Select(s => s - 0.5));

    [Fact]
    public void Passes_share_no_prefixes()
    {
        List<Request> rows = Sources.All(Sources.Trace(Csv, new TraceOptions { Repeat = 2 }));
        Assert.NotEqual(rows[0].Content![0].ContentId, rows[4].Content![0].ContentId);
    }

    [Fact]
    public void Sorting_is_stable_and_complete()
    {
        const string csv = "arrival_seconds,prompt_tokens,output_tokens\n5,1,1\n0,2,2\n5,3,3\n1,4,4\n";
        Assert.Equal([2, 4, 1, 3], Sources.All(Sources.Trace(csv, new TraceOptions { Sort = true })).Select(r => r.PromptTokens));
    }

    [Fact]
    public void A_pipe_is_refused()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("pipes have names on Linux only");
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In);
        string path = $"/proc/self/fd/{pipe.SafePipeHandle.DangerousGetHandle()}";
        Assert.Equal($"{path}: is a pipe, and a trace is read more than once; save it to a file first", Assert.Throws<InputException>(() => TraceSource.Open(path)).Message);
    }

    [Fact]
    public void Mutated_files_give_requests_or_designed_errors()
    {
        string[] seeds =
        [
            Csv,
            "arrival_seconds,prompt_tokens,output_tokens,calls,content,id\n0,9,9,1:0.5:3;2:1:1,5:2;6:3,\"q,\"\"\"\n",
            "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04.0319601+00:00,3180,8",
            "{\"timestamp\": 27, \"input_length\": 1100, \"output_length\": 52, \"hash_ids\": [0, 1, 2]}\n{\"timestamp\": 3027, \"input_length\": 512, \"output_length\": 0, \"hash_ids\": [0]}\n",
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n",
        ];
        var random = Kernel.Random.RandomStream.Root(7);
        const string alphabet = "0123456789,.:;-+eE\"{}[]xé\n\r \0";
        for (int round = 0; round < 6000; round++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(seeds[round % seeds.Length]);
            if (round % 3 == 0) bytes = Sources.Gzip(seeds[round % seeds.Length]);
            for (int edit = random.NextInt(4); edit >= 0; edit--)
            {
                int at = random.NextInt(bytes.Length);
                bytes[at] = random.NextInt(3) == 0 ? (byte)random.NextInt(256) : (byte)alphabet[random.NextInt(alphabet.Length)];
            }
            if (random.NextInt(4) == 0) bytes = bytes[..random.NextInt(bytes.Length)];
            try
            {
                foreach (Request request in Sources.All(Sources.Trace(bytes)))
                {
                    Assert.True(request.PromptTokens >= 1 && request.OutputTokens >= 1);
                    Assert.True((request.Content ?? []).Sum(s => (long)s.Tokens) <= request.PromptTokens);
                }
            }
            catch (InputException error)
            {
                Assert.NotEqual("", error.Message);
            }
        }
    }

    private static IEnumerable<double> Seconds(TraceOptions options) =>
        Sources.All(Sources.Trace(Csv, options)).Select(r => r.Arrival.Seconds);
}
