using Orrery.Documents;
using Orrery.Engine.Generation;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Starts the answers of a request and sends them, as they come or together.</summary>
internal sealed class AnswerEndpoint
{
    /// <exception cref="ApiException">Nothing was sent yet, and the error can be.</exception>
    public async Task AnswerAsync(ApiCall call, AnswerPlan plan, AnswerFormat format)
    {
        plan.Model.Gate.Enter(plan.Answers);
        var streams = new GenerationStream?[plan.Answers];
        try
        {
            for (int answer = 0; answer < streams.Length; answer++) streams[answer] = plan.Model.Model.Start(plan.Request(answer, call.Id));
            using CancellationTokenRegistration leaving = call.Aborted.UnsafeRegister(static state => CancelAll((GenerationStream?[])state!), streams);
            GenerationStream[] started = streams!;
            foreach (GenerationStream stream in started)
                if (stream.End is StreamEnd.Rejected or StreamEnd.Failed) throw new ApiException(ErrorOf(stream));
            if (!plan.Stream)
            {
                await CollectAsync(call, plan, format, started).ConfigureAwait(false);
                return;
            }
            using Pump pump = new(call, plan, format, started);
            await pump.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            // Harmless for those that have ended.
            CancelAll(streams);
            for (int answer = 0; answer < streams.Length; answer++) plan.Model.Gate.Leave();
        }
    }

    private static async Task CollectAsync(ApiCall call, AnswerPlan plan, AnswerFormat format, GenerationStream[] streams)
    {
        for (int answer = 0; answer < streams.Length; answer++)
        {
            GenerationStream stream = streams[answer];
            while (await stream.WaitAsync(call.Aborted).ConfigureAwait(false))
            {
                call.SawPiece();
                while (stream.TryRead(out GeneratedPiece piece)) format.Collect(answer, piece);
            }
            if (stream.End is not (StreamEnd.Stop or StreamEnd.Length)) throw new ApiException(ErrorOf(stream));
        }
        StreamUsage usage = call.Usage = UsageOf(plan, streams);
        call.Finish = ChoiceNames.Of(streams[0].End);
        await call.SendAsync(200, writer => format.WriteDocument(writer, [.. streams.Select(stream => stream.End)], usage)).ConfigureAwait(false);
    }

    /// <summary>Prompts count once, however many answers they get.</summary>
    private static StreamUsage UsageOf(AnswerPlan plan, GenerationStream[] streams)
    {
        int prompt = 0, cached = 0, completion = 0;
        for (int answer = 0; answer < streams.Length; answer++)
        {
            StreamUsage usage = streams[answer].Usage;
            completion += usage.CompletionTokens;
            if (answer % plan.Choices != 0) continue;
            prompt += plan.Prompts[answer / plan.Choices].Length;
            cached += usage.CachedTokens;
        }
        return new(prompt, cached, completion);
    }

    private static ApiError ErrorOf(GenerationStream stream) => stream.End switch
    {
        StreamEnd.Rejected => ApiError.BadRequest(stream.Reason ?? "the request can never run here"),
        StreamEnd.TimedOut => ApiError.TooSlow("the answer took longer than its time limit"),
        StreamEnd.Overflow => ApiError.Unavailable("the answer was read too slowly and was ended", "slow_reader"),
        StreamEnd.Cancelled => ApiError.Unavailable("the answer was ended by the server", "cancelled"),
        _ => ApiError.Unavailable(stream.Reason ?? "the model failed", "model_failed"),
    };

    private static void CancelAll(GenerationStream?[] streams)
    {
        foreach (GenerationStream? stream in streams) stream?.Cancel();
    }

    /// <summary>Sends the events of all answers through one connection. Each answer has a loop of its own; one writes at a time.</summary>
    private sealed class Pump(ApiCall call, AnswerPlan plan, AnswerFormat format, GenerationStream[] streams) : IDisposable
    {
        private readonly SemaphoreSlim _turn = new(1);

        public async Task RunAsync()
        {
            using EventStream events = new(call.Context, call.Time);
            for (int answer = 0; answer < streams.Length; answer++) format.Begin(events, answer);
            await events.FlushAsync(call.Aborted).ConfigureAwait(false);
            if (streams.Length == 1) await SendAsync(events, 0).ConfigureAwait(false);
            else await Task.WhenAll(Enumerable.Range(0, streams.Length).Select(answer => SendAsync(events, answer))).ConfigureAwait(false);
            call.Usage = UsageOf(plan, streams);
            call.Finish = ChoiceNames.Of(streams[0].End);
            if (streams.FirstOrDefault(stream => stream.End is not (StreamEnd.Stop or StreamEnd.Length)) is { } failed)
            {
                ApiError error = ErrorOf(failed);
                call.Note = error.Code;
                error.Write(events.Open());
                events.Close();
            }
            else
            {
                if (plan.IncludeUsage) format.WriteUsage(events, call.Usage);
                events.WriteDone();
            }
            await events.FlushAsync(call.Aborted).ConfigureAwait(false);
            call.BytesOut = events.Bytes;
        }

        public void Dispose() => _turn.Dispose();

        private async Task SendAsync(EventStream events, int answer)
        {
            GenerationStream stream = streams[answer];
            while (await stream.WaitAsync(call.Aborted).ConfigureAwait(false))
            {
                call.SawPiece();
                await _turn.WaitAsync(call.Aborted).ConfigureAwait(false);
                try
                {
                    while (stream.TryRead(out GeneratedPiece piece)) format.Write(events, answer, piece);
                    if (!await events.FlushAsync(call.Aborted).ConfigureAwait(false)) stream.Cancel();
                }
                finally
                {
                    _turn.Release();
                }
            }
            if (stream.End is not (StreamEnd.Stop or StreamEnd.Length)) return;
            await _turn.WaitAsync(call.Aborted).ConfigureAwait(false);
            try
            {
                format.End(events, answer, stream.End);
                await events.FlushAsync(call.Aborted).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }
    }
}
