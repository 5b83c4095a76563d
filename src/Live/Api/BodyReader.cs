using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Orrery.Live.Api;

/// <summary>Takes the body of a request whole, up to a limit.</summary>
internal static class BodyReader
{
    /// <exception cref="ApiException">415 where it is not announced as JSON, 413 where it is too large, 408 where it comes too slowly, 400 where it is malformed.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadJsonAsync(ApiCall call, long limitBytes)
    {
        HttpContext context = call.Context;
        if (!IsJson(context.Request.ContentType)) throw new ApiException(ApiError.WrongContent());
        if (context.Request.Headers.ContentEncoding.Count > 0 && context.Request.Headers.ContentEncoding != "identity")
            throw new ApiException(ApiError.BadRequest("compressed bodies are not read; send the JSON as it is"));
        if (context.Request.ContentLength > limitBytes) throw new ApiException(ApiError.TooLarge(limitBytes));
        try
        {
            ReadOnlyMemory<byte> body = await TakeAsync(context.Request.BodyReader, limitBytes, context.RequestAborted).ConfigureAwait(false);
            call.BytesIn = body.Length;
            return body;
        }
        catch (BadHttpRequestException problem)
        {
            throw new ApiException(problem.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => ApiError.TooLarge(limitBytes),
                StatusCodes.Status408RequestTimeout => ApiError.TooSlow("the body came too slowly"),
                _ => ApiError.BadRequest("the body does not follow its headers"),
            });
        }
    }

    private static async Task<ReadOnlyMemory<byte>> TakeAsync(PipeReader reader, long limitBytes, CancellationToken aborted)
    {
        // Grown as the bytes come: a promise of a large body costs nothing.
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            ReadResult read = await reader.ReadAsync(aborted).ConfigureAwait(false);
            if (body.WrittenCount + read.Buffer.Length > limitBytes) throw new ApiException(ApiError.TooLarge(limitBytes));
            foreach (ReadOnlyMemory<byte> part in read.Buffer) body.Write(part.Span);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return body.WrittenMemory;
        }
    }

    private static bool IsJson(string? contentType)
    {
        if (contentType is null) return false;
        int end = contentType.IndexOf(';', StringComparison.Ordinal);
        ReadOnlySpan<char> media = (end < 0 ? contentType : contentType.AsSpan(0, end)).Trim();
        return media.Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }
}
