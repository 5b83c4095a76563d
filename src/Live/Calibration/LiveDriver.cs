using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Live.Streams;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Calibration;

/// <summary>Sends requests of known lengths to a live model of this process, each when it is due, whatever became of those before it.</summary>
public static class LiveDriver
{
    /// <summary>Sends all and waits until the last answer has ended.</summary>
    /// <param name="model">Serves them.</param>
    /// <param name="requests">Rising arrivals; the first is sent at once if it is due at 0.</param>
    /// <param name="time">Wall time.</param>
    /// <param name="seed">Of the prompts' tokens.</param>
    /// <param name="stop">Cancels what runs and ends.</param>
    /// <exception cref="InputException">An answer did not have its length: the model refused it or failed.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static void Run(ILiveModel model, IReadOnlyList<Request> requests, TimeProvider time, ulong seed, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(time);
        RandomStream root = RandomStream.Root(seed).Split("prompts");
        GenerationRequest[] made = [.. requests.Select(request => Make(request, model.VocabularySize, root.Split(request.Id)))];
        List<GenerationStream> streams = [];
        try
        {
            long start = time.GetTimestamp();
            for (int i = 0; i < made.Length; i++)
            {
                TimeSpan wait = TimeSpan.FromSeconds(requests[i].Arrival.Seconds) - time.GetElapsedTime(start);
                if (wait > TimeSpan.Zero) stop.WaitHandle.WaitOne(wait);
                stop.ThrowIfCancellationRequested();
                streams.Add(model.Start(made[i]));
            }
            for (int i = 0; i < made.Length; i++) ReadToEnd(streams[i], requests[i], stop);
        }
        catch (OperationCanceledException)
        {
            foreach (GenerationStream stream in streams) stream.Cancel();
            throw;
        }
    }

    private static void ReadToEnd(GenerationStream stream, Request request, CancellationToken stop)
    {
        while (stream.WaitAsync(stop).AsTask().GetAwaiter().GetResult())
        {
            while (stream.TryRead(out _))
            {
            }
        }
        if (stream.End == StreamEnd.Length && stream.Usage.CompletionTokens == request.OutputTokens) return;
        throw new InputException(string.Create(CultureInfo.InvariantCulture,
            $"request {request.Label}: it ended as {stream.End} after {stream.Usage.CompletionTokens} of {request.OutputTokens} tokens{(stream.Reason is { } reason ? $": {reason}" : "")}"));
    }

    private static GenerationRequest Make(Request request, int vocabulary, RandomStream draws) => new()
    {
        Id = request.Label ?? request.Id.ToString(CultureInfo.InvariantCulture),
        Prompt = [.. Enumerable.Range(0, request.PromptTokens).Select(_ => draws.NextInt(vocabulary))],
        MaxTokens = request.OutputTokens,
        IgnoresEnd = true,
        Client = request.Client.ToString(CultureInfo.InvariantCulture),
        Sampling = new() { Seed = (ulong)request.Id },
    };
}
