use super::*;

fn call<'a>(name: &str, args: &[Value<'a>], message: &Message<'a>) -> Value<'a> {
    Function::named(name).unwrap().call(args, message)
}

#[test]
fn functions_stand_in_the_order_of_their_names_and_are_found_in_any_case() {
    let names: Vec<_> = Function::ALL.iter().map(|function| function.name().to_ascii_lowercase()).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    for function in Function::ALL {
        assert_eq!(Function::named(&function.name().to_ascii_uppercase()), Some(function));
        let (least, most) = function.arity();
        assert!(least <= most, "{function}");
    }
    assert_eq!(Function::named("aws_lambda"), None);
}

#[test]
fn a_call_with_any_number_of_arguments_has_a_result() {
    let message = Message::new("t", b"");
    for function in Function::ALL {
        for count in 0..8 {
            function.call(&vec![Value::Undefined; count], &message);
            function.call(&vec![Value::Binary(b"\xff"); count], &message);
        }
    }
}

#[test]
fn only_encode_takes_the_payload_byte_for_byte() {
    let payload = [0, 159, 146, 150];
    let message = Message::new("t", &payload);
    for function in Function::ALL {
        let (least, most) = function.arity();
        let passes_on = ["get_or_default", "isNull", "isUndefined", "nanvl"].contains(&function.name());
        if least <= 2 && most >= 2 && !passes_on {
            let result = function.call(&[Value::Binary(&payload), Value::String("base64".into())], &message);
            let expected =
                if function.name() == "encode" { Value::String("AJ+Slg==".into()) } else { Value::Undefined };
            assert_eq!(result, expected, "{function}");
        }
    }
}

#[test]
fn a_trace_id_is_the_same_for_every_rule_and_another_for_every_message() {
    let trace = |message: &Message<'_>| call("traceid", &[], message).text().unwrap().into_owned();
    let message = Message::new("t", b"1");
    assert_eq!(trace(&message), trace(&message));
    assert_ne!(trace(&message), trace(&Message::new("t", b"2")));
    assert_ne!(trace(&message), trace(&message.read_at(crate::clock::Moment::from_micros(1))));
}
