using System.Buffers.Binary;
using System.Text.Json;
using Orrery.Engine.Tokenizers;
using Orrery.Kernel;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary><c>POST /v1/embeddings</c> (OpenAI API reference, b).</summary>
internal sealed class EmbeddingEndpoint(ServeLimits limits)
{
    public async Task AnswerAsync(ApiCall call, Fields fields, ServedModel model)
    {
        (List<int[]> inputs, bool asBase64) = Read(fields, model);
        int tokens = inputs.Sum(input => input.Length);
        var vectors = new float[inputs.Count][];
        model.Gate.Enter(1);
        try
        {
            for (int i = 0; i < vectors.Length; i++) vectors[i] = await model.Model.EmbedAsync(inputs[i], call.Aborted).ConfigureAwait(false);
        }
        catch (InputException refused)
        {
            throw new ApiException(ApiError.BadRequest(refused.Message.TrimEnd('.')));
        }
        catch (ModelUnavailableException gone)
        {
            throw new ApiException(ApiError.Unavailable(gone.Message, "model_failed"));
        }
        finally
        {
            model.Gate.Leave();
        }
        call.Usage = new(tokens, 0, 0);
        await call.SendAsync(200, writer => Write(writer, model.Name, vectors, tokens, asBase64)).ConfigureAwait(false);
    }

    private (List<int[]> Inputs, bool AsBase64) Read(Fields fields, ServedModel model)
    {
        if (model.Adapter >= 0) throw fields.Bad("model", "adapters give no embeddings; ask for the model itself");
        JsonElement input = fields.Required("input");
        string form = fields.Text("encoding_format") ?? "float";
        if (form is not ("float" or "base64")) throw fields.Bad("encoding_format", "expected float or base64");
        CommonReader.ReadUser(fields);
        foreach (Refusal refusal in Refusals.Embeddings) fields.Refuse(refusal);
        fields.Done();
        Tokenizer tokenizer = model.Model.Text.Tokenizer;
        List<int[]> inputs = PromptReader.Read(input, "input", ServeLimits.EmbeddingInputs, text => Encode(tokenizer, text));
        foreach (int[] tokens in inputs) CommonReader.CheckPrompt(tokens, "input", model.Model, limits, isAnswered: false);
        return (inputs, form == "base64");
    }

    /// <summary>Models that embed may want their end behind the text.</summary>
    private static int[] Encode(Tokenizer tokenizer, string text)
    {
        int[] tokens = tokenizer.Encode(text, addBos: true, parseSpecial: false);
        return tokenizer.AddsEos && tokenizer.Eos is { } eos ? [.. tokens, eos] : tokens;
    }

    private static void Write(Utf8JsonWriter writer, string model, float[][] vectors, int tokens, bool asBase64)
    {
        writer.WriteStartObject();
        writer.WriteString(JsonNames.Object, "list");
        writer.WriteStartArray("data");
        for (int i = 0; i < vectors.Length; i++)
        {
            writer.WriteStartObject();
            writer.WriteString(JsonNames.Object, "embedding");
            writer.WriteNumber(JsonNames.Index, i);
            if (asBase64)
            {
                writer.WriteBase64String("embedding", Bytes(vectors[i]));
            }
            else
            {
                writer.WriteStartArray("embedding");
                foreach (float value in vectors[i]) writer.WriteNumberValue(value);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteString(JsonNames.Model, model);
        writer.WriteStartObject(JsonNames.Usage);
        writer.WriteNumber("prompt_tokens", tokens);
        writer.WriteNumber("total_tokens", tokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>32-bit floats, little end first, as the OpenAI API sends them (b).</summary>
    private static byte[] Bytes(float[] vector)
    {
        var bytes = new byte[vector.Length * sizeof(float)];
        for (int i = 0; i < vector.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        return bytes;
    }
}
